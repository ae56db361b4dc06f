namespace FleetOps.InferenceWorker.State;

/// <summary>The memory that the model takes on one device, in bytes.</summary>
/// <param name="Name">CPU for main memory, else ggml's name of the GPU or of the buffer that several share.</param>
/// <param name="IsGpu">Whether it is the memory of a GPU.</param>
/// <param name="WeightsBytes">The weights.</param>
/// <param name="KvCacheBytes">The cache.</param>
/// <param name="ComputeBytes">Intermediate results.</param>
/// <param name="TotalBytes">All of it.</param>
internal sealed record DeviceMemoryDescription(string Name, bool IsGpu, long WeightsBytes, long KvCacheBytes, long ComputeBytes, long TotalBytes);
