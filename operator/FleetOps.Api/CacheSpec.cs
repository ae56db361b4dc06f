using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using FleetOps.Api.Schema;

namespace FleetOps.Api;

/// <summary>Where a worker keeps the weights that it has fetched. What is found there is verified and then not fetched again.</summary>
[CelRule("(has(self.type) && self.type == 'PersistentVolumeClaim') == has(self.claimName)", SpecMessages.CacheClaimName)]
[CelRule("(has(self.type) && self.type == 'HostPath') == has(self.path)", SpecMessages.CachePathNeedsHostPath)]
[CelRule("!has(self.sizeLimit) || !has(self.type) || self.type == 'Ephemeral'", SpecMessages.CacheSizeLimitNeedsEphemeral)]
[CelRule("!has(self.maxSize) || (has(self.type) && self.type != 'Ephemeral')", SpecMessages.CacheMaxSizeNeedsVolume)]
[SchemaRule("""{"anyOf":[{"not":{"required":["maxSize"]}},{"required":["type"],"properties":{"type":{"pattern":"^(PersistentVolumeClaim|HostPath)$"}}}]}""")]
[SchemaRule("""{"not":{"required":["type"],"properties":{"type":{"pattern":"^PersistentVolumeClaim$"}},"not":{"required":["claimName"]}}}""")]
[SchemaRule("""{"not":{"properties":{"type":{"pattern":"^(Ephemeral|HostPath)$"}},"required":["claimName"]}}""")]
[SchemaRule("""{"not":{"required":["type"],"properties":{"type":{"pattern":"^HostPath$"}},"not":{"required":["path"]}}}""")]
[SchemaRule("""{"not":{"properties":{"type":{"pattern":"^(Ephemeral|PersistentVolumeClaim)$"}},"required":["path"]}}""")]
[SchemaRule("""{"anyOf":[{"not":{"required":["sizeLimit"]}},{"properties":{"type":{"pattern":"^Ephemeral$"}}}]}""")]
public sealed record CacheSpec
{
    /// <summary>
    /// When left out, workers use a ModelCache of the namespace that has the same source, if its claim can be mounted on several nodes (ReadWriteMany),
    /// or if its directory is on all nodes that spec.placement.nodeSelector leaves; else it is Ephemeral. That is decided when workers are made: a
    /// ModelCache that comes later replaces no worker, and is used by those of the next change. Create it before the ModelDeployment. Ephemeral keeps the weights in the pod, so that each new worker fetches them. PersistentVolumeClaim keeps them in the claim that claimName
    /// names; with several workers it must be ReadWriteMany. HostPath keeps them in a directory of the node, for all workers there; the operator
    /// must allow the path, and it is outside of the restricted Pod Security profile.
    /// </summary>
    public CacheType? Type { get; set; }

    /// <summary>Name of a PersistentVolumeClaim in the namespace of the ModelDeployment; for type PersistentVolumeClaim.</summary>
    [StringLength(253, MinimumLength = 1)]
    [RegularExpression(Patterns.Subdomain)]
    public string? ClaimName { get; init; }

    /// <summary>
    /// Absolute path of a directory on the node; for type HostPath. It is created when absent, but then belongs to root: it must be writable
    /// for user 65532, as whom workers run.
    /// </summary>
    [StringLength(512, MinimumLength = 2)]
    [RegularExpression(Patterns.AbsolutePath)]
    [CelRule("self.matches(r'" + Patterns.AbsolutePath + "')", SpecMessages.CachePath)]
    public string? Path { get; init; }

    /// <summary>Bytes of the node's disk that an Ephemeral cache may take, such as 20Gi. Weights that are larger are refused (DiskFull) before they are fetched; a worker that takes more all the same is evicted. No limit when left out.</summary>
    [IntOrString]
    [StringLength(16, MinimumLength = 1)]
    [Range(1, 999_999_999_999_999)]
    [RegularExpression(Patterns.Memory)]
    [JsonConverter(typeof(QuantityText))]
    [CelRule("type(self) == int || self.matches('^[0-9.]+([KMGT]i|[kMGT])?$')", SpecMessages.CacheSizeLimit)]
    public string? SizeLimit { get; init; }

    /// <summary>
    /// Bytes that all fetched files of a PersistentVolumeClaim or HostPath cache may take together, such as 200Gi. Above it, the files that were not used
    /// for the longest time are removed, but none that is in use. No limit when left out.
    /// </summary>
    [IntOrString]
    [StringLength(16, MinimumLength = 1)]
    [Range(1, 999_999_999_999_999)]
    [RegularExpression(Patterns.CacheSize)]
    [JsonConverter(typeof(QuantityText))]
    [CelRule("type(self) == int || self.matches('^[0-9]+([KMGT]i)?$')", SpecMessages.CacheMaxSize)]
    public string? MaxSize { get; init; }
}
