using System.ComponentModel.DataAnnotations;

namespace FleetOps.Api;

/// <summary>One node of a ModelCache.</summary>
public sealed record CachedNode
{
    /// <summary>Name of the node.</summary>
    [StringLength(253)]
    public required string Name { get; init; }

    /// <summary>Pending, Fetching, Verifying, Ready or Failed.</summary>
    [StringLength(32)]
    public required string Phase { get; init; }

    /// <summary>Bytes of the weights that have arrived; while fetching.</summary>
    public long? FetchedBytes { get; init; }

    /// <summary>Bytes of the weights in all; while fetching and once known.</summary>
    public long? TotalBytes { get; init; }

    /// <summary>Bytes that arrive in a second, to two digits; as of the last whole percent, while fetching.</summary>
    public long? BytesPerSecond { get; init; }

    /// <summary>Seconds until all have arrived, to two digits; as of the last whole percent, while fetching.</summary>
    public long? SecondsLeft { get; init; }

    /// <summary>Hash of what was fetched onto the node, as that node was set up then, and verified there.</summary>
    [StringLength(32)]
    public string? FetchedHash { get; init; }

    /// <summary>When it was last found there and verified.</summary>
    public DateTime? VerifiedAt { get; init; }

    /// <summary>What holds it up, from the list of reasons; absent when nothing does.</summary>
    [StringLength(64)]
    public string? Reason { get; init; }

    /// <summary>What holds it up, with cause and cure.</summary>
    [StringLength(1024)]
    public string? Message { get; init; }
}
