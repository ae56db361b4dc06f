using FleetOps.Api;
using k8s.Models;

namespace FleetOps.Operator.ModelDeployments.Plan;

/// <summary>
/// The children as they should be. A child that is null is to be left as it is for now. Children share parts with one another and with
/// other plans: nothing in a plan is ever changed.
/// </summary>
internal sealed record ModelDeploymentPlan
{
    public V1ServiceAccount? ServiceAccount { get; init; }

    public V1Service? Service { get; init; }

    public V1Service? HeadlessService { get; init; }

    public V1NetworkPolicy? NetworkPolicy { get; init; }

    public V1PodDisruptionBudget? PodDisruptionBudget { get; init; }

    public V1Deployment? Deployment { get; init; }

    /// <summary>Children of this very ModelDeployment that exist and should not: to be deleted.</summary>
    public IReadOnlyList<ChildReference> Unwanted { get; init; } = [];

    /// <summary>Hash that marks the pods of the current spec; null when the spec cannot be acted on.</summary>
    public string? TemplateHash { get; init; }

    /// <summary>The ModelCache that workers of the current spec use, where that is chosen for them; null for none.</summary>
    public UsedCache? Cache { get; init; }

    /// <summary>Why something is left undone; null when nothing is.</summary>
    public Obstacle? Obstacle { get; init; }
}
