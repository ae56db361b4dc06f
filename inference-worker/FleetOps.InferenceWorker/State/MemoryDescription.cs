namespace FleetOps.InferenceWorker.State;

/// <summary>The memory that the model takes with the options it is served with; all in bytes. The property names are part of the contract with the operator.</summary>
/// <param name="Measured">True once the model is loaded; before that it is what llama.cpp would take, computed from the header of the file.</param>
/// <param name="WeightsBytes">The weights; a mapped file's share is page cache.</param>
/// <param name="KvCacheBytes">The cache of all sequences.</param>
/// <param name="ComputeBytes">Intermediate results.</param>
/// <param name="TotalBytes">All of it.</param>
/// <param name="GpuBytes">The share of it that is in the memory of GPUs.</param>
/// <param name="Devices">The same for main memory, which is named CPU, and for each GPU.</param>
internal sealed record MemoryDescription(
    bool Measured,
    long WeightsBytes,
    long KvCacheBytes,
    long ComputeBytes,
    long TotalBytes,
    long GpuBytes,
    IReadOnlyList<DeviceMemoryDescription> Devices);
