using FleetOps.InferenceWorker.State;
using FleetOps.LlamaCpp.Contexts;
using FleetOps.LlamaCpp.Models;

namespace FleetOps.InferenceWorker.Memory;

/// <summary>The memory that a model takes with its contexts, put to the devices that hold it.</summary>
/// <param name="buffers">What llama.cpp reports or would take.</param>
/// <param name="hasGpus">Whether there are GPUs with memory of their own.</param>
internal sealed class MemoryNeed(IReadOnlyList<BufferMemory> buffers, bool hasGpus)
{
    /// <summary>The name of main memory.</summary>
    public const string Main = "CPU";

    private const string OwnFormOfAmx = "AMX";

    /// <summary>
    /// The need of main memory that the kernel cannot take back. The pages of a mapped file can go whenever something else needs the room, so a file that
    /// is larger than the limit works.
    /// </summary>
    /// <param name="mode">How the file comes into memory.</param>
    public long PinnedBytes(LoadMode mode) => buffers
        .Where(buffer => !IsGpu(buffer))
        .Sum(buffer => (buffer.IsHost && mode is LoadMode.Map or LoadMode.MapAndLock ? 0 : buffer.ModelBytes) + buffer.ContextBytes + buffer.ComputeBytes);

    /// <summary>The need for people and for the operator.</summary>
    /// <param name="measured">Whether the model is loaded.</param>
    public MemoryDescription Describe(bool measured)
    {
        DeviceMemoryDescription[] devices = [.. buffers
            .GroupBy(buffer => IsGpu(buffer) ? buffer.Name : Main)
            .Select(static device => new DeviceMemoryDescription(
                device.Key,
                device.Key != Main,
                device.Sum(static buffer => buffer.ModelBytes),
                device.Sum(static buffer => buffer.ContextBytes),
                device.Sum(static buffer => buffer.ComputeBytes),
                device.Sum(static buffer => buffer.ModelBytes + buffer.ContextBytes + buffer.ComputeBytes)))
            .OrderBy(static device => device.IsGpu)
            .ThenBy(static device => device.Name, StringComparer.Ordinal)];
        return new MemoryDescription(
            measured,
            devices.Sum(static device => device.WeightsBytes),
            devices.Sum(static device => device.KvCacheBytes),
            devices.Sum(static device => device.ComputeBytes),
            devices.Sum(static device => device.TotalBytes),
            devices.Where(static device => device.IsGpu).Sum(static device => device.TotalBytes),
            devices);
    }

    // The CPU backend's own forms of weights are in main memory too, though not as the host's plain bytes.
    private bool IsGpu(BufferMemory buffer) =>
        hasGpus && !buffer.IsHost && buffer.Name != OwnFormOfAmx && !buffer.Name.StartsWith(Main, StringComparison.Ordinal);
}
