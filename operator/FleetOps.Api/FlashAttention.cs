using System.Text.Json.Serialization;

namespace FleetOps.Api;

/// <summary>
/// Whether the fused attention kernel is used. The words are not <c>On</c> and <c>Off</c>, which YAML reads as booleans.
/// </summary>
[JsonConverter(typeof(JsonStringEnumConverter<FlashAttention>))]
public enum FlashAttention
{
    /// <summary>Where model and device support it.</summary>
    Auto,

    /// <summary>Always.</summary>
    Enabled,

    /// <summary>Never.</summary>
    Disabled,
}
