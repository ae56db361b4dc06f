using FleetOps.Api;

namespace FleetOps.Operator.ModelDeployments.Plan;

/// <summary>What the installation and the licence allow.</summary>
internal static class PolicyRules
{
    /// <summary>The first thing in the spec that is not allowed; null when all is.</summary>
    public static Obstacle? FirstObstacle(ModelDeploymentSpec spec, WorkerSettings settings) =>
        LicenseObstacle(spec.Model.License, settings) ?? HostPathObstacle(spec.Cache, settings);

    private static Obstacle? LicenseObstacle(LicenseSpec? license, WorkerSettings settings)
    {
        var message = license switch
        {
            { Accepted: true } => null,
            { Accepted: false } => $"The licence {license.Id} of the model is not accepted (spec.model.license.accepted is false). Read it, and set the field to true if you agree.",
            not null when settings.RequiresLicenseAcceptance =>
                $"The licence {license.Id} of the model has not been accepted, which this installation demands. Read it, and set spec.model.license.accepted to true if you agree.",
            null when settings.RequiresLicenseAcceptance =>
                "This installation demands that licences are accepted, and spec.model.license does not name that of the model. Read the licence on the model's card, and set spec.model.license.id to its name and spec.model.license.accepted to true if you agree.",
            _ => null,
        };
        return message is null ? null : new(Reasons.LicenseNotAccepted, message, RejectsSpec: true);
    }

    private static Obstacle? HostPathObstacle(CacheSpec cache, WorkerSettings settings)
    {
        if (cache.Type != CacheType.HostPath || cache.Path is not { } path || settings.AllowedHostPaths.Any(allowed => IsWithin(path, allowed)))
        {
            return null;
        }

        var allowed = settings.AllowedHostPaths.Count == 0 ? "it allows no directory of the nodes" : $"it allows {string.Join(", ", settings.AllowedHostPaths)}";
        return new(
            Reasons.PolicyViolation,
            $"spec.cache.path {path} is not allowed by this installation: {allowed}. Choose another path or type of cache, or have the operator started with --allow-host-path (chart value operator.policy.allowHostPaths).",
            RejectsSpec: true);
    }

    private static bool IsWithin(string path, string directory) =>
        path.StartsWith(directory, StringComparison.Ordinal) && (path.Length == directory.Length || directory[^1] == '/' || path[directory.Length] == '/');
}
