using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using FleetOps.Api.Schema;

namespace FleetOps.Api;

/// <summary>How many workers must go on when nodes are drained.</summary>
public sealed record DisruptionSpec
{
    /// <summary>
    /// Workers that must serve while others are moved, as a number or as a percentage of spec.replicas, rounded up. As many as there are
    /// workers means that their nodes cannot be drained until someone deletes the pods.
    /// </summary>
    [IntOrString]
    [StringLength(4, MinimumLength = 1)]
    [Range(0, 1000)]
    [RegularExpression(Patterns.CountOrPercentage)]
    [JsonConverter(typeof(QuantityText))]
    [CelRule("type(self) == int || self.matches('" + Patterns.CountOrPercentage + "')", SpecMessages.MinAvailable)]
    public required string MinAvailable { get; init; }
}
