using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using FleetOps.Api.Schema;

namespace FleetOps.Api;

/// <summary>How workers are replaced when the spec changes.</summary>
[CelRule(
    "!((type(self.maxSurge) == int ? self.maxSurge == 0 : self.maxSurge in ['0', '0%']) && (type(self.maxUnavailable) == int ? self.maxUnavailable == 0 : self.maxUnavailable in ['0', '0%']))",
    SpecMessages.RolloutNeedsRoom)]
[SchemaRule("""{"anyOf":[{"properties":{"maxSurge":{"minimum":1,"pattern":"^[1-9]"}}},{"properties":{"maxUnavailable":{"minimum":1,"pattern":"^[1-9]"}}}]}""")]
public sealed record RolloutSpec
{
    /// <summary>
    /// Workers that may exist above spec.replicas during a rollout, as a number or as a percentage of them, rounded up. Each needs GPUs of its
    /// own: where none are free, set it to 0 and maxUnavailable to 1, and the model has fewer workers meanwhile.
    /// </summary>
    [IntOrString]
    [StringLength(4, MinimumLength = 1)]
    [Range(0, 1000)]
    [RegularExpression(Patterns.CountOrPercentage)]
    [DefaultValue(1)]
    [JsonConverter(typeof(QuantityText))]
    [CelRule("type(self) == int || self.matches('" + Patterns.CountOrPercentage + "')", SpecMessages.MaxSurge)]
    public string MaxSurge { get; set; } = "1";

    /// <summary>Workers that may be missing from spec.replicas during a rollout, as a number or as a percentage of them, rounded down.</summary>
    [IntOrString]
    [StringLength(4, MinimumLength = 1)]
    [Range(0, 1000)]
    [RegularExpression(Patterns.CountOrPercentage)]
    [DefaultValue(0)]
    [JsonConverter(typeof(QuantityText))]
    [CelRule("type(self) == int || self.matches('" + Patterns.CountOrPercentage + "')", SpecMessages.MaxUnavailable)]
    public string MaxUnavailable { get; set; } = "0";

    /// <summary>
    /// Seconds within which a rollout must get on, else it counts as failed. A worker counts once it serves, so the time must suffice to fetch
    /// and to load the weights.
    /// </summary>
    [Range(30, 86_400)]
    [DefaultValue(1800)]
    public int ProgressDeadlineSeconds { get; set; } = 1800;

    /// <summary>Seconds that a worker which is told to end gives its running calls to finish. What still runs then is cut off.</summary>
    [Range(1, 3600)]
    [DefaultValue(50)]
    public int DrainTimeoutSeconds { get; set; } = 50;
}
