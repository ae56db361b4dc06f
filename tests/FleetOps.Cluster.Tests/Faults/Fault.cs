namespace FleetOps.Cluster.Tests.Faults;

/// <summary>What may happen to a request on its way.</summary>
internal enum Fault
{
    None,

    /// <summary>It takes up to half a second longer.</summary>
    Delay,

    /// <summary>500 instead of asking the server.</summary>
    InternalError,

    /// <summary>503 instead of asking the server.</summary>
    Unavailable,

    /// <summary>429 with <c>Retry-After: 1</c> instead of asking the server.</summary>
    TooManyRequests,

    /// <summary>The server does what was asked; its answer never comes.</summary>
    HeldAnswer,

    /// <summary>The server does what was asked; its answer breaks off in the middle.</summary>
    CutAnswer,

    /// <summary>A watch breaks off after a while, in the middle of a line.</summary>
    CutWatch,
}
