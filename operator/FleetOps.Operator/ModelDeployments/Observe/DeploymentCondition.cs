namespace FleetOps.Operator.ModelDeployments.Observe;

/// <summary>One condition of a Deployment.</summary>
internal sealed record DeploymentCondition
{
    public string? Type { get; init; }

    public string? Status { get; init; }

    public string? Reason { get; init; }

    public string? Message { get; init; }
}
