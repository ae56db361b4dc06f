using System.ComponentModel.DataAnnotations;
using FleetOps.Api.Schema;

namespace FleetOps.Api;

/// <summary>Where weights are fetched to: a claim, or a directory of nodes.</summary>
[CelRule("has(self.claimName) != has(self.nodes)", SpecMessages.OneTarget)]
[SchemaRule("""{"not":{"required":["claimName","nodes"]}}""")]
[SchemaRule("""{"not":{"not":{"anyOf":[{"required":["claimName"]},{"required":["nodes"]}]}}}""")]
public sealed record CacheTarget
{
    /// <summary>
    /// Name of a PersistentVolumeClaim in the namespace of the ModelCache. A ModelDeployment with the same source uses it with a cache of type
    /// PersistentVolumeClaim and the same claim, also while it is still being fetched: its workers wait for the file and download nothing. For
    /// workers on several nodes it must be ReadWriteMany.
    /// </summary>
    [StringLength(253, MinimumLength = 1)]
    [RegularExpression(Patterns.Subdomain)]
    public string? ClaimName { get; init; }

    /// <summary>
    /// Nodes onto which the weights are fetched, each by a Job of its own. A ModelDeployment uses them with a cache of type HostPath and the same
    /// path, on the nodes that its spec.placement chooses.
    /// </summary>
    public CacheNodes? Nodes { get; init; }
}
