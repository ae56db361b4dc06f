namespace FleetOps.Operator.ModelDeployments.Observe;

/// <summary>What a worker leaves behind when it ends: the termination message of its container.</summary>
internal sealed record WorkerLastWords
{
    public string? Reason { get; init; }

    public string? Message { get; init; }

    /// <summary>What was fetched, where that was all it had to do.</summary>
    public WorkerModel? Model { get; init; }

    /// <summary>What was removed, where that was all it had to do.</summary>
    public WorkerRemoval? Removal { get; init; }
}
