using System.ComponentModel.DataAnnotations;

namespace FleetOps.Api;

/// <summary>The ModelCache that workers take the weights from.</summary>
public sealed record UsedCache
{
    /// <summary>Its name.</summary>
    [StringLength(253)]
    public required string Name { get; init; }

    /// <summary>The claim that has them.</summary>
    [StringLength(253)]
    public string? ClaimName { get; init; }

    /// <summary>The directory of the nodes that has them.</summary>
    [StringLength(512)]
    public string? Path { get; init; }
}
