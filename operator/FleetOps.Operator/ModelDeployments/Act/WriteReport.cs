using FleetOps.Operator.ModelDeployments.Plan;

namespace FleetOps.Operator.ModelDeployments.Act;

/// <summary>What carrying out a plan came to.</summary>
internal sealed class WriteReport
{
    /// <summary>The children that were written.</summary>
    public List<WrittenChild> Written { get; } = [];

    /// <summary>The first refusal of the API server; null when there was none.</summary>
    public Obstacle? Refusal { get; set; }
}
