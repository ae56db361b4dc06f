using System.ComponentModel.DataAnnotations;
using FleetOps.Api.Schema;

namespace FleetOps.Api;

/// <summary>What was last seen.</summary>
public sealed record ModelCacheStatus
{
    /// <summary>The generation of the spec that this status speaks of.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>State in one word: Pending, Fetching, Verifying, Ready, Failed or Terminating.</summary>
    [StringLength(32)]
    public string? Phase { get; init; }

    /// <summary>How much has arrived, as in 37%, or on how many nodes, as in 2/3.</summary>
    [StringLength(32)]
    public string? Progress { get; init; }

    /// <summary>Size of the weights for people, as in 4.6 GiB.</summary>
    [StringLength(32)]
    public string? Size { get; init; }

    /// <summary>Bytes of the weights that have arrived, over all nodes; while fetching.</summary>
    public long? FetchedBytes { get; init; }

    /// <summary>Bytes of the weights in all, over all nodes; while fetching and once known.</summary>
    public long? TotalBytes { get; init; }

    /// <summary>Bytes that arrive in a second, over all nodes, to two digits; as of the last whole percent, while fetching.</summary>
    public long? BytesPerSecond { get; init; }

    /// <summary>Seconds until all have arrived everywhere, to two digits; as of the last whole percent, while fetching.</summary>
    public long? SecondsLeft { get; init; }

    /// <summary>The same for people, as in 4m.</summary>
    [StringLength(32)]
    public string? Eta { get; init; }

    /// <summary>SHA-256 of the file.</summary>
    [StringLength(64)]
    public string? Sha256 { get; init; }

    /// <summary>Size of the file in bytes.</summary>
    public long? SizeBytes { get; init; }

    /// <summary>Commit that the revision stood for, for hf:// sources; version of the object, for s3:// sources; digest of the manifest that the tag stood for, for oci:// sources.</summary>
    [StringLength(128)]
    public string? Revision { get; init; }

    /// <summary>Licence that the file or the hub states.</summary>
    [StringLength(128)]
    public string? License { get; init; }

    /// <summary>Hash of what was fetched onto this very claim and verified there; it is not fetched again while the spec asks for the same.</summary>
    [StringLength(32)]
    public string? FetchedHash { get; init; }

    /// <summary>When it was last found on the claim and verified.</summary>
    public DateTime? VerifiedAt { get; init; }

    /// <summary>The nodes, by name; at most 64.</summary>
    [ListMap("name", MaxItems = 64)]
    public IReadOnlyList<CachedNode>? Nodes { get; init; }

    /// <summary>Accepted, Ready, Reconciling and Stalled.</summary>
    [ListMap("type", MaxItems = 16)]
    public IReadOnlyList<Condition>? Conditions { get; init; }
}
