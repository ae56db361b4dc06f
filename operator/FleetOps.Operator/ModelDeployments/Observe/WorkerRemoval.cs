namespace FleetOps.Operator.ModelDeployments.Observe;

/// <summary>What a worker removed that was to remove a model.</summary>
internal sealed record WorkerRemoval
{
    public long Bytes { get; init; }

    /// <summary>Whether it left the model because somebody uses it.</summary>
    public bool InUse { get; init; }
}
