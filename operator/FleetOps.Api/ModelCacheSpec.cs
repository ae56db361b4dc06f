using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using FleetOps.Api.Schema;

namespace FleetOps.Api;

/// <summary>What is wanted.</summary>
[CelRule("!self.model.source.startsWith('pvc://')", SpecMessages.CachedSource)]
[SchemaRule("""{"properties":{"model":{"properties":{"source":{"pattern":"^(hf|https?|s3|oci)://"}}}}}""")]
public sealed record ModelCacheSpec
{
    /// <summary>
    /// Which weights to fetch, and how to tell that they are the right ones. A source of type pvc:// is a file on a claim already and is refused.
    /// They are fetched once for each change of the spec, and looked at again as recheckHours says.
    /// </summary>
    public required ModelReference Model { get; init; }

    /// <summary>Where to: a claim, or a directory of nodes.</summary>
    public required CacheTarget Target { get; init; }

    /// <summary>
    /// Bytes that all fetched files at the target may take together, such as 200Gi. Above it, the files that were not used for the longest time are
    /// removed, but none that is in use. No limit when left out.
    /// </summary>
    [IntOrString]
    [StringLength(16, MinimumLength = 1)]
    [Range(1, 999_999_999_999_999)]
    [RegularExpression(Patterns.CacheSize)]
    [JsonConverter(typeof(QuantityText))]
    [CelRule("type(self) == int || self.matches('^[0-9]+([KMGT]i)?$')", SpecMessages.CachedMaxSize)]
    public string? MaxSize { get; init; }

    /// <summary>
    /// Hours after which a Job looks whether the files are still there and right, and fetches what is not, or what a branch or tag has moved on to. 168, a
    /// week, when left out; never when 0. A claim that was made anew, or a node that was set up anew, is noticed at once in any case.
    /// </summary>
    [Range(0, 8760)]
    public int? RecheckHours { get; init; }

    /// <summary>
    /// What becomes of the files when the ModelCache is deleted. Delete, when left out, has a Job remove them at each place, unless a ModelDeployment or
    /// another ModelCache uses them there; Retain leaves them.
    /// </summary>
    public DeletionPolicy? DeletionPolicy { get; init; }

    /// <summary>What the pods that fetch have besides what FleetOps gives them.</summary>
    public WorkerPodSpec? Pod { get; init; }
}
