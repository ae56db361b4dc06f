using FleetOps.Api;
using FleetOps.Operator.ModelDeployments.Plan;

namespace FleetOps.Operator.ModelCaches.Plan;

/// <summary>The rules of the CRD once more, for API servers before 1.25, and what the installation allows.</summary>
internal static class CacheRules
{
    private const string NodesNotWatched =
        "spec.target.nodes needs an operator that may read the nodes, and this one serves some namespaces only (chart value operator.watchNamespaces). "
        + "Use a claim (spec.target.claimName), or have the operator serve the whole cluster.";

    /// <summary>Why the spec cannot be acted on; null when it can.</summary>
    /// <param name="spec">The spec.</param>
    /// <param name="settings">What the installation allows.</param>
    /// <param name="seesNodes">Whether the operator may read the nodes.</param>
    public static Obstacle? FirstObstacle(ModelCacheSpec spec, WorkerSettings settings, bool seesNodes) =>
        FirstViolation(spec) is { } violation ? new(Reasons.InvalidSpec, violation + ".", RejectsSpec: true)
        : PolicyRules.FirstObstacle(spec, settings) is { } forbidden ? forbidden
        : spec.Target.Nodes is not null && !seesNodes ? new(Reasons.PolicyViolation, NodesNotWatched, RejectsSpec: true)
        : null;

    private static string? FirstViolation(ModelCacheSpec spec) =>
        SpecRules.SourceViolation(spec.Model)
        ?? (spec.Model.Source.StartsWith("pvc://", StringComparison.Ordinal) ? SpecMessages.CachedSource : null)
        ?? TargetViolation(spec.Target)
        ?? (spec.MaxSize is { } size && !SpecRules.CacheSize().IsMatch(size) ? SpecMessages.CachedMaxSize : null)
        ?? (spec.Pod is { } pod ? SpecRules.PodViolation(pod) : null);

    private static string? TargetViolation(CacheTarget target) => target switch
    {
        _ when target.ClaimName is null == target.Nodes is null => SpecMessages.OneTarget,
        { ClaimName: { } claim } when !SpecRules.IsSubdomain(claim) => SpecMessages.TargetClaim,
        { Nodes: { } nodes } when !SpecRules.AbsolutePath().IsMatch(nodes.Path) => SpecMessages.TargetPath,
        _ => null,
    };
}
