namespace FleetOps.Api;

/// <summary>The state of a ModelCache, or of one of its nodes, in one word, for people. Programs read the conditions.</summary>
public static class CachePhases
{
    /// <summary>No Job fetches yet.</summary>
    public const string Pending = "Pending";

    /// <summary>The weights are on their way.</summary>
    public const string Fetching = "Fetching";

    /// <summary>The digest of the weights is being checked.</summary>
    public const string Verifying = "Verifying";

    /// <summary>The weights are there and have been verified.</summary>
    public const string Ready = "Ready";

    /// <summary>Nothing goes on until someone changes something.</summary>
    public const string Failed = "Failed";

    /// <summary>The resource is being deleted, and its files are removed.</summary>
    public const string Terminating = "Terminating";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [Pending, Fetching, Verifying, Ready, Failed, Terminating];
}
