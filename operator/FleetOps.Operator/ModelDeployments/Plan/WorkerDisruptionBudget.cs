using FleetOps.Api;
using k8s.Models;

namespace FleetOps.Operator.ModelDeployments.Plan;

/// <summary>How many workers must go on when nodes are drained.</summary>
internal static class WorkerDisruptionBudget
{
    /// <summary>The budget; null when none is wanted. One of a single worker would keep its node from being drained, so it is there only when asked for.</summary>
    public static V1PodDisruptionBudget? For(ModelDeploymentSpec spec, ChildNames names, ChildMetadata metadata) =>
        (spec.Disruption?.MinAvailable ?? (spec.Replicas > 1 ? "1" : null)) is not { } minAvailable
            ? null
            : new()
            {
                ApiVersion = "policy/v1",
                Kind = "PodDisruptionBudget",
                Metadata = metadata.For(names.Deployment),
                Spec = new() { MinAvailable = CountOrPercentage.Parse(minAvailable), Selector = new() { MatchLabels = metadata.SelectorLabels } },
            };
}
