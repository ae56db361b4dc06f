using System.ComponentModel.DataAnnotations;

namespace FleetOps.Api;

/// <summary>A taint that workers tolerate, as in the spec of a pod.</summary>
public sealed record Toleration
{
    /// <summary>Key of the taint; every taint when left out, with the operator Exists.</summary>
    [StringLength(316, MinimumLength = 1)]
    public string? Key { get; init; }

    /// <summary>Exists for any value of the taint, Equal for the given one. Equal when left out.</summary>
    [AllowedValues("Exists", "Equal")]
    public string? Operator { get; init; }

    /// <summary>Value of the taint; for Equal.</summary>
    [StringLength(63)]
    public string? Value { get; init; }

    /// <summary>Effect of the taint: NoSchedule, PreferNoSchedule or NoExecute; all of them when left out.</summary>
    [AllowedValues("NoSchedule", "PreferNoSchedule", "NoExecute")]
    public string? Effect { get; init; }

    /// <summary>Seconds for which a NoExecute taint is tolerated; for ever when left out.</summary>
    [Range(0, 31_536_000)]
    public long? TolerationSeconds { get; init; }
}
