using FleetOps.LlamaCpp;
using FleetOps.LlamaCpp.Backends;

namespace FleetOps.InferenceWorker.Memory;

/// <summary>The memory that a worker can use.</summary>
/// <param name="Gpus">The GPUs with memory of their own, with their free memory.</param>
/// <param name="MainBytes">Main memory that the container may use, in bytes; null if nothing limits it.</param>
/// <param name="OwnBytes">What the program itself holds of it, in bytes.</param>
internal sealed record MemoryOffer(IReadOnlyList<LlamaDevice> Gpus, long? MainBytes, long OwnBytes)
{
    // With it CUDA moves what does not fit into main memory.
    private const string UnifiedMemory = "GGML_CUDA_ENABLE_UNIFIED_MEMORY";

    /// <summary>Whether the memory of the GPUs ends where their own memory does.</summary>
    public bool GpusAreBounded { get; init; } = true;

    /// <summary>What there is now.</summary>
    /// <param name="runtime">The loaded llama.cpp.</param>
    /// <param name="limit">Bytes of main memory to count on; null for the limit of the container.</param>
    public static MemoryOffer Read(LlamaRuntime runtime, long? limit) => new(
        [.. runtime.ReadDevices().Where(static device => device.Kind == DeviceKind.Gpu)], limit ?? MemoryLimit.Read(), MemoryLimit.OwnBytes())
    {
        GpusAreBounded = string.IsNullOrEmpty(Environment.GetEnvironmentVariable(UnifiedMemory)),
    };
}
