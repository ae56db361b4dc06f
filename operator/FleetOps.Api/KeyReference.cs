using System.ComponentModel.DataAnnotations;

namespace FleetOps.Api;

/// <summary>A key of a Secret or a ConfigMap.</summary>
public sealed record KeyReference
{
    /// <summary>Name of the object.</summary>
    [StringLength(253, MinimumLength = 1)]
    [RegularExpression(Patterns.Subdomain)]
    public required string Name { get; init; }

    /// <summary>The key in it.</summary>
    [StringLength(253, MinimumLength = 1)]
    [RegularExpression(Patterns.DataKey)]
    public required string Key { get; init; }

    /// <summary>Whether a worker may start without it. False when left out.</summary>
    public bool? Optional { get; init; }
}
