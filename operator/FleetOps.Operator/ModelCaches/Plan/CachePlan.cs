using FleetOps.Operator.ModelDeployments.Plan;
using k8s.Models;

namespace FleetOps.Operator.ModelCaches.Plan;

/// <summary>What is to be done for one ModelCache. Jobs are created and deleted, and never changed.</summary>
internal sealed record CachePlan
{
    /// <summary>Jobs that are missing.</summary>
    public IReadOnlyList<V1Job> Create { get; init; } = [];

    /// <summary>Jobs of this very ModelCache that nothing asks for any more.</summary>
    public IReadOnlyList<V1Job> Delete { get; init; } = [];

    /// <summary>The places of the present spec.</summary>
    public IReadOnlyList<FetchPlace> Places { get; init; } = [];

    /// <summary>Why something is left undone; null when nothing is.</summary>
    public Obstacle? Obstacle { get; init; }
}
