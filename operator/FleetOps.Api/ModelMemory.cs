namespace FleetOps.Api;

/// <summary>The memory that the model takes in each worker, in bytes.</summary>
public sealed record ModelMemory
{
    /// <summary>The weights. On the CPU a mapped file's share is page cache, which does not count against the limit for good.</summary>
    public long WeightsBytes { get; init; }

    /// <summary>The KV cache of all sequences.</summary>
    public long KvCacheBytes { get; init; }

    /// <summary>Buffers for intermediate results.</summary>
    public long ComputeBytes { get; init; }

    /// <summary>All of it.</summary>
    public long TotalBytes { get; init; }

    /// <summary>The share of it that is in the memory of GPUs.</summary>
    public long GpuBytes { get; init; }

    /// <summary>True once a worker has loaded the model; before that it is computed from the header of the file, before the file is downloaded.</summary>
    public bool Measured { get; init; }
}
