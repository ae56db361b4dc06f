using System.Text.Json.Serialization;

namespace FleetOps.Api;

/// <summary>The number format of the attention cache.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<KvCacheType>))]
public enum KvCacheType
{
    /// <summary>16-bit floating point.</summary>
    F16,

    /// <summary>8-bit blocks: about half the memory.</summary>
#pragma warning disable CA1707 // the format's own name
    Q8_0,

    /// <summary>4-bit blocks: about a quarter of the memory, at a loss of quality.</summary>
    Q4_0,
#pragma warning restore CA1707
}
