using FleetOps.Api;
using FleetOps.ControllerRuntime;
using FleetOps.Operator.ModelDeployments.Plan;

namespace FleetOps.Operator.ModelDeployments.Observe;

/// <summary>All that a plan depends on, at one moment. Nothing in it is ever changed.</summary>
internal sealed record Observation
{
    public required ModelDeployment Model { get; init; }

    public ObservedObject? Deployment { get; init; }

    public ObservedObject? Service { get; init; }

    public ObservedObject? HeadlessService { get; init; }

    public ObservedObject? ServiceAccount { get; init; }

    public ObservedObject? NetworkPolicy { get; init; }

    public ObservedObject? PodDisruptionBudget { get; init; }

    /// <summary>Whether the cluster serves policy/v1 PodDisruptionBudgets, which came with Kubernetes 1.21.</summary>
    public bool ServesPodDisruptionBudgets { get; init; } = true;

    public IReadOnlyList<WorkerObservation> Workers { get; init; } = [];

    /// <summary>ModelCaches of the same weights; not looked for where the spec says itself which cache to use.</summary>
    public IReadOnlyList<ObservedCache> Caches { get; init; } = [];

    /// <summary>What the nodes offer; null when nodes are not watched.</summary>
    public GpuOffers? Gpus { get; init; }

    /// <summary>The first Secret that the spec names and that does not exist; null when all are there.</summary>
    public SecretUse? MissingSecret { get; init; }
}
