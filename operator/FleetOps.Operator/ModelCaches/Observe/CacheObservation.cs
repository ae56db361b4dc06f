using FleetOps.Api;
using FleetOps.Operator.ModelDeployments.Observe;
using FleetOps.Operator.ModelDeployments.Plan;
using k8s.Models;

namespace FleetOps.Operator.ModelCaches.Observe;

/// <summary>All that the plan and the status of one ModelCache depend on, at one moment. Nothing in it is ever changed.</summary>
internal sealed record CacheObservation
{
    public required ModelCache Cache { get; init; }

    /// <summary>The Jobs that it owns, wanted or not.</summary>
    public IReadOnlyList<V1Job> Jobs { get; init; } = [];

    /// <summary>The pods of those Jobs, and what they told.</summary>
    public IReadOnlyList<WorkerObservation> Pods { get; init; } = [];

    /// <summary>Names of the nodes that it selects, in order; null when nodes are not watched.</summary>
    public IReadOnlyList<string>? Nodes { get; init; }

    /// <summary>The Secret that the spec names and that does not exist; null when all is there.</summary>
    public SecretUse? MissingSecret { get; init; }
}
