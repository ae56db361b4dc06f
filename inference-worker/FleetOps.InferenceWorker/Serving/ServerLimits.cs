namespace FleetOps.InferenceWorker.Serving;

/// <summary>How much one client, and all of them together, may take of the gRPC port. The defaults are those of the command line.</summary>
internal sealed record ServerLimits
{
    /// <summary>Bytes of one request message, also after it was decompressed.</summary>
    public int MaxRequestBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Bytes of the headers (metadata) of one call.</summary>
    public int MaxHeaderBytes { get; init; } = 16 * 1024;

    /// <summary>Connections that are open at once.</summary>
    public int MaxConnections { get; init; } = 10_000;

    /// <summary>Calls that are open at once on one connection; HTTP/2 tells the client, and it waits.</summary>
    public int MaxStreamsPerConnection { get; init; } = 1000;

    /// <summary>Calls that are open at once, those that wait for a slot or watch the health included.</summary>
    public int MaxCalls { get; init; } = 20_000;

    /// <summary>How long a request may take, its time in the queue included.</summary>
    public TimeSpan MaxRequestDuration { get; init; } = TimeSpan.FromHours(1);

    /// <summary>After how long a silent connection is asked whether it is still there.</summary>
    public TimeSpan KeepAliveDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the answer to that may take before the connection is closed.</summary>
    public TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromSeconds(20);
}
