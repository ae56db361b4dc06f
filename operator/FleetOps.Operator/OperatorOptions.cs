using FleetOps.ControllerRuntime.Hosting;

namespace FleetOps.Operator;

/// <summary>What the command line and the environment say.</summary>
internal sealed record OperatorOptions
{
    /// <summary>Image of workers on the CPU.</summary>
    public required string WorkerImage { get; init; }

    /// <summary>Image of workers with GPUs; null for the same.</summary>
    public string? WorkerCudaImage { get; init; }

    /// <summary>Pull policy of the worker image; null for Kubernetes' own default.</summary>
    public string? WorkerImagePullPolicy { get; init; }

    /// <summary>Pull policy of the image of workers with GPUs; null for that of the worker image.</summary>
    public string? WorkerCudaImagePullPolicy { get; init; }

    /// <summary>Names of the Secrets that open the registry of the worker images, in the namespace of each model.</summary>
    public IReadOnlyList<string> WorkerImagePullSecrets { get; init; } = [];

    /// <summary>Directories of the nodes in which caches of type HostPath may lie: absolute, without '..'.</summary>
    public IReadOnlyList<string> AllowedHostPaths { get; init; } = [];

    /// <summary>Whether only models are served whose licence has been accepted in the spec.</summary>
    public bool RequireLicenseAcceptance { get; init; }

    /// <summary>Web servers that workers ask in the stead of sources that do not answer: FROM=TO.</summary>
    public IReadOnlyList<string> Mirrors { get; init; } = [];

    /// <summary>Whether only weights are served whose digest the spec or their source names.</summary>
    public bool RequireDigest { get; init; }

    /// <summary>Namespaces whose ModelDeployments are served; none for the whole cluster.</summary>
    public IReadOnlyList<string> WatchNamespaces { get; init; } = [];

    /// <summary>Namespace of the Lease; null for the pod's own.</summary>
    public string? Namespace { get; init; }

    /// <summary>Port of /healthz, /readyz and /metrics; 0 for any free one.</summary>
    public int HttpPort { get; init; } = 8080;

    /// <summary>Where metrics and traces are sent; null for nowhere.</summary>
    public CollectorOptions? Collector { get; init; }

    /// <summary>Where workers send their metrics and traces; null for nowhere.</summary>
    public CollectorOptions? WorkerCollector { get; init; }

    /// <summary>What log lines look like.</summary>
    public LogFormat LogFormat { get; init; } = LogFormat.Json;

    /// <summary>Whether to wait for the Lease before acting.</summary>
    public bool LeaderElect { get; init; } = true;
}
