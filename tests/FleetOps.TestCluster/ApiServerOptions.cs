namespace FleetOps.TestCluster;

/// <summary>What a test may choose about its <see cref="ApiServer"/>.</summary>
public sealed record ApiServerOptions
{
    /// <summary>
    /// Whether the ServiceAccount admission runs, as in a full cluster. Off by default: without a controller manager no namespace
    /// gets its <c>default</c> account, and with the admission on no pod could be created.
    /// </summary>
    public bool ServiceAccountAdmission { get; init; }

    /// <summary>How long a server may take until it is ready.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>More arguments for kube-apiserver, such as <c>--min-request-timeout=5</c> to have watches end soon.</summary>
    public IReadOnlyList<string> ExtraArguments { get; init; } = [];
}
