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

    /// <summary>Hash of what was fetched onto the node and verified there.</summary>
    [StringLength(32)]
    public string? FetchedHash { get; init; }

    /// <summary>What holds it up, from the list of reasons; absent when nothing does.</summary>
    [StringLength(64)]
    public string? Reason { get; init; }

    /// <summary>What holds it up, with cause and cure.</summary>
    [StringLength(1024)]
    public string? Message { get; init; }
}
