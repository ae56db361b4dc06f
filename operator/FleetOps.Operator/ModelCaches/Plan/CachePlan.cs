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

    /// <summary>The policy of the pods that fetch; null to leave it as it is.</summary>
    public V1NetworkPolicy? NetworkPolicy { get; init; }

    /// <summary>Whether the ModelCache is to carry the finalizer that keeps it until its files are removed; null to leave that as it is.</summary>
    public bool? HoldsFinalizer { get; init; }

    /// <summary>What became of the files of a ModelCache that is let go; null while it is not.</summary>
    public Farewell? Farewell { get; init; }

    /// <summary>After which time there may be more to do although nothing has changed; null for never.</summary>
    public TimeSpan? LookAgainAfter { get; init; }

    /// <summary>Why something is left undone; null when nothing is.</summary>
    public Obstacle? Obstacle { get; init; }
}
