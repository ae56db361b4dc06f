using FleetOps.Api;

namespace FleetOps.Operator.ModelDeployments.Plan;

/// <summary>What the installation and the licence allow.</summary>
internal static class PolicyRules
{
    private static readonly string[] PublishingSchemes = ["hf://", "s3://", "oci://"];

    /// <summary>The first thing in the spec that is not allowed; null when all is.</summary>
    public static Obstacle? FirstObstacle(ModelDeploymentSpec spec, WorkerSettings settings) =>
        LicenseObstacle(spec.Model, settings) ?? DigestObstacle(spec.Model, settings)
        ?? (spec.Cache.Type == CacheType.HostPath ? HostPathObstacle(spec.Cache.Path, "spec.cache.path", settings) : null);

    /// <summary>The same for a ModelCache.</summary>
    public static Obstacle? FirstObstacle(ModelCacheSpec spec, WorkerSettings settings) =>
        LicenseObstacle(spec.Model, settings) ?? DigestObstacle(spec.Model, settings) ?? HostPathObstacle(spec.Target.Nodes?.Path, "spec.target.nodes.path", settings);

    private static Obstacle? LicenseObstacle(ModelReference model, WorkerSettings settings)
    {
        var page = LicensePages.Of(model) is { } link ? $" ({link})" : "";
        var message = model.License switch
        {
            { Accepted: true } => null,
            { Accepted: false } license => $"The licence {license.Id} of the model{page} is not accepted (spec.model.license.accepted is false). Read it, and set the field to true if you agree.",
            { } license when settings.RequiresLicenseAcceptance =>
                $"The licence {license.Id} of the model{page} has not been accepted, which this installation demands. Read it, and set spec.model.license.accepted to true if you agree.",
            null when settings.RequiresLicenseAcceptance =>
                $"This installation demands that licences are accepted, and spec.model.license does not name that of the model. Read the licence on the model's card{page}, and set spec.model.license.id to its name and spec.model.license.accepted to true if you agree.",
            _ => null,
        };
        return message is null ? null : new(Reasons.LicenseNotAccepted, message, RejectsSpec: true);
    }

    /// <summary>Whether a source is of a kind that may name the digest of its files.</summary>
    public static bool PublishesDigest(string source) => PublishingSchemes.Any(scheme => source.StartsWith(scheme, StringComparison.Ordinal));

    // Hub, buckets and registries may publish a digest, so workers look there; a web server or a claim never does.
    private static Obstacle? DigestObstacle(ModelReference model, WorkerSettings settings) =>
        settings.RequiresDigest && model.Sha256 is null && !PublishesDigest(model.Source)
            ? new(
                Reasons.PolicyViolation,
                $"This installation demands a digest of all weights, spec.model.sha256 is not set, and {model.Source} publishes none. Set spec.model.sha256 to what sha256sum prints for the file.",
                RejectsSpec: true)
            : null;

    /// <summary>Whether the installation allows a directory of the nodes.</summary>
    public static bool AllowsHostPath(string path, WorkerSettings settings) => settings.AllowedHostPaths.Any(allowed => IsWithin(path, allowed));

    private static Obstacle? HostPathObstacle(string? path, string field, WorkerSettings settings)
    {
        if (path is null || AllowsHostPath(path, settings))
        {
            return null;
        }

        var allowed = settings.AllowedHostPaths.Count == 0 ? "it allows no directory of the nodes" : $"it allows {string.Join(", ", settings.AllowedHostPaths)}";
        return new(
            Reasons.PolicyViolation,
            $"{field} {path} is not allowed by this installation: {allowed}. Choose another path or kind of cache, or have the operator started with --allow-host-path (chart value operator.policy.allowHostPaths).",
            RejectsSpec: true);
    }

    private static bool IsWithin(string path, string directory) =>
        path.StartsWith(directory, StringComparison.Ordinal) && (path.Length == directory.Length || directory[^1] == '/' || path[directory.Length] == '/');
}
