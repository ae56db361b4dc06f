using FleetOps.Api;
using k8s.Models;

namespace FleetOps.Operator.ModelDeployments.Observe;

/// <summary>All that a plan depends on, at one moment. Nothing in it is ever changed.</summary>
internal sealed record Observation
{
    public required ModelDeployment Model { get; init; }

    public V1Deployment? Deployment { get; init; }

    public V1Service? Service { get; init; }

    public V1Service? HeadlessService { get; init; }

    public V1ServiceAccount? ServiceAccount { get; init; }

    public IReadOnlyList<WorkerObservation> Workers { get; init; } = [];

    /// <summary>Whether the Secret that the spec names exists; true when it names none.</summary>
    public bool SecretExists { get; init; } = true;
}
