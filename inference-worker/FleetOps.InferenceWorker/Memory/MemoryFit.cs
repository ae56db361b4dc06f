using System.Globalization;
using FleetOps.InferenceWorker.State;
using FleetOps.LlamaCpp.Models;

namespace FleetOps.InferenceWorker.Memory;

/// <summary>
/// Holds the memory that a model needs against what there is. It refuses only what cannot work: what llama.cpp takes on top, such as CUDA's own buffers, is
/// not counted, and neither is what the kernel can take back.
/// </summary>
internal static class MemoryFit
{
    /// <summary>Why the model cannot be served; null when nothing is known against it.</summary>
    /// <param name="need">What it needs.</param>
    /// <param name="offer">What there is.</param>
    /// <param name="mode">How the file comes into memory.</param>
    public static WorkerFailedException? Fault(MemoryNeed need, MemoryOffer offer, LoadMode mode) => OnGpus(need.Describe(measured: false), offer) ?? InMain(need, offer, mode);

    private static WorkerFailedException? OnGpus(MemoryDescription need, MemoryOffer offer)
    {
        if (!offer.GpusAreBounded || need.GpuBytes == 0 || offer.Gpus.Count == 0)
        {
            return null;
        }

        var free = offer.Gpus.Sum(static gpu => gpu.MemoryFreeBytes);
        // A layer is on one GPU, so that one can be too small while all together are not.
        var small = offer.Gpus
            .Select(gpu => (Gpu: gpu, Need: need.Devices.FirstOrDefault(device => device.IsGpu && device.Name == gpu.Name)))
            .FirstOrDefault(static pair => pair.Need is { } taken && taken.TotalBytes > pair.Gpu.MemoryFreeBytes);
        if (need.GpuBytes <= free && small.Need is null)
        {
            return null;
        }

        var total = offer.Gpus.Sum(static gpu => gpu.MemoryTotalBytes);
        var which = need.GpuBytes > free || small.Need is null
            ? $"{Bytes(free)} are free of {Bytes(total)} on {Count(offer.Gpus.Count)}"
            : $"{Bytes(free)} are free on {Count(offer.Gpus.Count)}, but {small.Gpu.Name} would have to hold {Bytes(small.Need!.TotalBytes)} of it and has {Bytes(small.Gpu.MemoryFreeBytes)} free";
        return new WorkerFailedException(
            FailureReason.InsufficientGpuMemory,
            $"The model needs {Bytes(need.GpuBytes)} of GPU memory ({Parts(need.Devices.Where(static device => device.IsGpu))}), and {which}. "
            + "Choose a smaller quantization, a shorter --context-length, a lower --max-sequences, a --kv-cache-type of fewer bits or fewer --gpu-layers, or give it more or larger GPUs.");
    }

    private static WorkerFailedException? InMain(MemoryNeed need, MemoryOffer offer, LoadMode mode)
    {
        var needed = need.PinnedBytes(mode) + offer.OwnBytes;
        if (offer.MainBytes is not { } limit || needed <= limit)
        {
            return null;
        }

        var mapped = mode is LoadMode.Map or LoadMode.MapAndLock ? "; weights that are mapped from the file are not counted" : "";
        return new WorkerFailedException(
            FailureReason.OutOfMemory,
            $"The model needs {Bytes(needed)} of memory ({Parts(need.Describe(measured: false).Devices.Where(static device => !device.IsGpu))}, the program {Bytes(offer.OwnBytes)}{mapped}), and the limit is {Bytes(limit)}. "
            + "Raise the memory limit, or choose a shorter --context-length, a lower --max-sequences or a --kv-cache-type of fewer bits.");
    }

    private static string Parts(IEnumerable<DeviceMemoryDescription> devices)
    {
        DeviceMemoryDescription[] all = [.. devices];
        return $"weights {Bytes(all.Sum(static device => device.WeightsBytes))}, KV cache {Bytes(all.Sum(static device => device.KvCacheBytes))}, compute buffers {Bytes(all.Sum(static device => device.ComputeBytes))}";
    }

    private static string Count(int gpus) => gpus == 1 ? "1 GPU" : $"{gpus} GPUs";

    private static string Bytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes} bytes");
}
