namespace FleetOps.Api;

/// <summary>The state of a ModelDeployment in one word, for people. Programs read the conditions.</summary>
public static class Phases
{
    /// <summary>Workers do not run yet.</summary>
    public const string Pending = "Pending";

    /// <summary>Workers fetch or verify the weights.</summary>
    public const string Fetching = "Fetching";

    /// <summary>Workers load the weights.</summary>
    public const string Loading = "Loading";

    /// <summary>All wanted workers serve.</summary>
    public const string Ready = "Ready";

    /// <summary>Workers serve while others are replaced or added.</summary>
    public const string Updating = "Updating";

    /// <summary>Workers serve, but fewer than wanted, and something holds up the rest.</summary>
    public const string Degraded = "Degraded";

    /// <summary>No worker serves, and none will until someone changes something.</summary>
    public const string Failed = "Failed";

    /// <summary>The resource is being deleted.</summary>
    public const string Terminating = "Terminating";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [Pending, Fetching, Loading, Ready, Updating, Degraded, Failed, Terminating];
}
