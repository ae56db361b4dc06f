using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace FleetOps.Api;

/// <summary>How the workers of this model spread over the values of a node label. They alone are counted.</summary>
public sealed record SpreadConstraint
{
    /// <summary>The node label, such as topology.kubernetes.io/zone or kubernetes.io/hostname.</summary>
    [StringLength(316, MinimumLength = 1)]
    public required string TopologyKey { get; init; }

    /// <summary>DoNotSchedule keeps a worker pending rather than break the constraint; ScheduleAnyway prefers nodes that keep it.</summary>
    [AllowedValues("DoNotSchedule", "ScheduleAnyway")]
    public required string WhenUnsatisfiable { get; init; }

    /// <summary>By how many workers two values may differ.</summary>
    [Range(1, 1000)]
    [DefaultValue(1)]
    public int MaxSkew { get; set; } = 1;
}
