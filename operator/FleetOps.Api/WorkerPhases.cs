namespace FleetOps.Api;

/// <summary>The state of one worker: the first two are seen from its pod, the others are told by the worker itself.</summary>
public static class WorkerPhases
{
    /// <summary>The pod has no running container yet.</summary>
    public const string Pending = "Pending";

    /// <summary>The container runs and has not told its state yet.</summary>
    public const string Starting = "Starting";

    /// <summary>The weights are on their way.</summary>
    public const string Fetching = "Fetching";

    /// <summary>The digest of the weights is being checked.</summary>
    public const string Verifying = "Verifying";

    /// <summary>The weights are being read into memory.</summary>
    public const string Loading = "Loading";

    /// <summary>The first tokens are being computed to warm up.</summary>
    public const string Warming = "Warming";

    /// <summary>Requests are answered.</summary>
    public const string Serving = "Serving";

    /// <summary>Running requests are finished, new ones are refused.</summary>
    public const string Draining = "Draining";

    /// <summary>The worker has ended in good order.</summary>
    public const string Stopped = "Stopped";

    /// <summary>The worker has ended, or cannot start.</summary>
    public const string Failed = "Failed";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [Pending, Starting, Fetching, Verifying, Loading, Warming, Serving, Draining, Stopped, Failed];
}
