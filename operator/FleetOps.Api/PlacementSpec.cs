using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using FleetOps.Api.Schema;

namespace FleetOps.Api;

/// <summary>
/// On which nodes workers run, in Kubernetes' own terms. For GPUs there is less to say: spec.resources selects nodes by product and memory and
/// tolerates their taint.
/// </summary>
public sealed record PlacementSpec
{
    /// <summary>Labels that a node must have.</summary>
    [MapBounds(32, 63)]
    public IReadOnlyDictionary<string, string>? NodeSelector { get; init; }

    /// <summary>Taints that workers tolerate. The taint named like spec.resources.gpuResourceName is tolerated without being listed.</summary>
    [ListBounds(32)]
    public IReadOnlyList<Toleration>? Tolerations { get; init; }

    /// <summary>
    /// nodeAffinity, podAffinity and podAntiAffinity as in the spec of a pod (kubectl explain pod.spec.affinity). What spec.resources demands of
    /// a node is added to each of its nodeSelectorTerms.
    /// </summary>
    [OpenObject]
    public JsonElement? Affinity { get; init; }

    /// <summary>How workers spread over zones, nodes and the like. When left out they prefer different nodes.</summary>
    [ListMap("topologyKey", "whenUnsatisfiable", MaxItems = 8)]
    public IReadOnlyList<SpreadConstraint>? TopologySpreadConstraints { get; init; }

    /// <summary>PriorityClass of the workers, for which the scheduler may evict others.</summary>
    [StringLength(253, MinimumLength = 1)]
    [RegularExpression(Patterns.Subdomain)]
    public string? PriorityClassName { get; init; }
}
