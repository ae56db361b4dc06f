namespace FleetOps.Operator.ModelDeployments.Observe;

/// <summary>The part of a Deployment's status that is read.</summary>
internal sealed record DeploymentStatus
{
    public IReadOnlyList<DeploymentCondition>? Conditions { get; init; }
}
