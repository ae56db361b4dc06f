namespace FleetOps.LlamaCpp.Backends;

/// <summary>A device that llama.cpp can compute on, with its memory at the time it was read.</summary>
/// <param name="Name">ggml's name, such as <c>CPU</c> or <c>CUDA0</c>.</param>
/// <param name="Description">The maker's name for it.</param>
/// <param name="Kind">What it is.</param>
/// <param name="MemoryTotalBytes">All of its memory, in bytes.</param>
/// <param name="MemoryFreeBytes">Its free memory, in bytes.</param>
/// <param name="ComputeCapability">CUDA devices only.</param>
public sealed record LlamaDevice(
    string Name, string Description, DeviceKind Kind, long MemoryTotalBytes, long MemoryFreeBytes, Version? ComputeCapability);
