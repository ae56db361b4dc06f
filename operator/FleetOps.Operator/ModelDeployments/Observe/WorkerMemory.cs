namespace FleetOps.Operator.ModelDeployments.Observe;

/// <summary>The memory that the model takes in a worker, as the worker tells it; in bytes.</summary>
internal sealed record WorkerMemory
{
    public bool Measured { get; init; }

    public long WeightsBytes { get; init; }

    public long KvCacheBytes { get; init; }

    public long ComputeBytes { get; init; }

    public long TotalBytes { get; init; }

    public long GpuBytes { get; init; }
}
