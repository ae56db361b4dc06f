using FleetOps.ControllerRuntime.Hosting;

namespace FleetOps.Operator.ModelDeployments.Plan;

/// <summary>What the installation decides about workers.</summary>
/// <param name="Image">Image of workers on the CPU.</param>
/// <param name="CudaImage">Image of workers with GPUs.</param>
/// <param name="ImagePullPolicy">Pull policy of the first; null for Kubernetes' own default.</param>
/// <param name="CudaImagePullPolicy">Pull policy of the second; null for Kubernetes' own default.</param>
internal sealed record WorkerSettings(string Image, string CudaImage, string? ImagePullPolicy = null, string? CudaImagePullPolicy = null)
{
    /// <summary>Directories of the nodes in which caches of type HostPath may lie; none when empty.</summary>
    public IReadOnlyList<string> AllowedHostPaths { get; init; } = [];

    /// <summary>Names of the Secrets that open the registry of the images above, in the namespace of each model; none when empty.</summary>
    public IReadOnlyList<string> ImagePullSecrets { get; init; } = [];

    /// <summary>Web servers that are asked in the stead of sources that do not answer: FROM=TO, both with a slash at their end.</summary>
    public IReadOnlyList<string> Mirrors { get; init; } = [];

    /// <summary>Where workers send their traces; null for nowhere.</summary>
    public CollectorOptions? Collector { get; init; }

    /// <summary>The mirrors that may have a source, so that a change of the others replaces no worker.</summary>
    public IEnumerable<string> MirrorsOf(string source) => Mirrors.Where(mirror => source.AsSpan().StartsWith(mirror.AsSpan(0, mirror.IndexOf('=', StringComparison.Ordinal)), StringComparison.Ordinal));

    /// <summary>Whether only models are served whose licence has been accepted in the spec.</summary>
    public bool RequiresLicenseAcceptance { get; init; }

    /// <summary>Whether only weights are served whose digest the spec or their source names.</summary>
    public bool RequiresDigest { get; init; }
}
