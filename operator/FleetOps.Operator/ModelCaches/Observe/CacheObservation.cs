using FleetOps.Api;
using FleetOps.ControllerRuntime;
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

    /// <summary>Which node each of them is, as opposed to an earlier one of its name.</summary>
    public IReadOnlyDictionary<string, string> NodeIdentities { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Which claim it is that the spec names, as opposed to an earlier one of its name; null when there is none.</summary>
    public string? ClaimIdentity { get; init; }

    /// <summary>The NetworkPolicy of the name that its own has; null when there is none.</summary>
    public ObservedObject? NetworkPolicy { get; init; }

    /// <summary>What else uses the same files, for people; looked for only when it is being deleted.</summary>
    public IReadOnlyList<string> Users { get; init; } = [];

    /// <summary>When this was observed.</summary>
    public DateTimeOffset Now { get; init; }

    /// <summary>The Secret that the spec names and that does not exist; null when all is there.</summary>
    public SecretUse? MissingSecret { get; init; }
}
