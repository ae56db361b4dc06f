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
    /// Name of a PersistentVolumeClaim in the namespace of the ModelCache. A ModelDeployment with the same source whose
    /// spec.cache.type is left out uses it by itself if it is ReadWriteMany; one with a cache of type PersistentVolumeClaim and the same claim does in any
    /// case. Also while it is still being fetched: workers wait for the file and download nothing.
    /// </summary>
    [StringLength(253, MinimumLength = 1)]
    [RegularExpression(Patterns.Subdomain)]
    public string? ClaimName { get; init; }

    /// <summary>
    /// Nodes onto which the weights are fetched, each by a Job of its own. A ModelDeployment with the same source whose
    /// spec.cache.type is left out uses them by itself once they are ready, if its spec.placement.nodeSelector has all labels of the selector; one
    /// with a cache of type HostPath and the same path does on whatever nodes it runs.
    /// </summary>
    public CacheNodes? Nodes { get; init; }
}
