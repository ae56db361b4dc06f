using System.ComponentModel.DataAnnotations;
using FleetOps.Api.Schema;

namespace FleetOps.Api;

/// <summary>An environment variable of the workers.</summary>
[CelRule("!(has(self.value) && has(self.valueFrom))", SpecMessages.EnvValueOrSource)]
[SchemaRule("""{"not":{"required":["value","valueFrom"]}}""")]
public sealed record EnvVariable
{
    /// <summary>Its name.</summary>
    [StringLength(128, MinimumLength = 1)]
    [RegularExpression(Patterns.EnvName)]
    [CelRule("!self.startsWith('FLEETOPS_')", SpecMessages.EnvName)]
    [SchemaRule("""{"not":{"pattern":"^FLEETOPS_"}}""")]
    public required string Name { get; init; }

    /// <summary>Its value. Secrets belong into valueFrom.secretKeyRef.</summary>
    [StringLength(4096)]
    public string? Value { get; init; }

    /// <summary>Where its value is taken from when the worker starts.</summary>
    public EnvSource? ValueFrom { get; init; }
}
