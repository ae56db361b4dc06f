using System.ComponentModel.DataAnnotations;

namespace FleetOps.Api;

/// <summary>A Secret in the namespace of the ModelDeployment.</summary>
public sealed record SecretReference
{
    /// <summary>Name of the Secret.</summary>
    [StringLength(253, MinimumLength = 1)]
    [RegularExpression(Patterns.Subdomain)]
    public required string Name { get; init; }
}
