using FleetOps.InferenceWorker.Memory;
using FleetOps.InferenceWorker.State;
using FleetOps.LlamaCpp.Backends;
using FleetOps.LlamaCpp.Contexts;
using FleetOps.LlamaCpp.Models;

namespace FleetOps.InferenceWorker.Tests.Memory;

/// <summary>What is held against what: the memory of devices is given, as no test has a GPU.</summary>
public sealed class MemoryFitTests
{
    private const long Mebi = 1 << 20;

    private static readonly BufferMemory[] OnOneGpu = [new("CUDA0", IsHost: false, 4000 * Mebi, 500 * Mebi, 100 * Mebi), new("CUDA_Host", IsHost: true, 300 * Mebi, 0, 20 * Mebi)];

    private static readonly BufferMemory[] OnCpu = [new("CPU", IsHost: true, 4000 * Mebi, 500 * Mebi, 100 * Mebi), new("CPU_REPACK", IsHost: false, 1000 * Mebi, 0, 0)];

    [Theory]
    [InlineData(4600, true)]
    [InlineData(4599, false)]
    public void Weights_cache_and_buffers_have_to_fit_into_the_GPU(long freeMebi, bool fits)
    {
        var fault = MemoryFit.Fault(new MemoryNeed(OnOneGpu, hasGpus: true), Gpus(freeMebi), LoadMode.Map);

        Assert.Equal(fits, fault is null);
        if (fault is not null)
        {
            Assert.Equal(FailureReason.InsufficientGpuMemory, fault.Reason);
            Assert.Contains($"needs {4600 * Mebi} bytes of GPU memory (weights {4000 * Mebi} bytes, KV cache {500 * Mebi} bytes, compute buffers {100 * Mebi} bytes)", fault.Message, StringComparison.Ordinal);
            Assert.Contains($"{4599 * Mebi} bytes are free of {81920 * Mebi} bytes on 1 GPU", fault.Message, StringComparison.Ordinal);
            Assert.Contains("--kv-cache-type", fault.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Each_of_several_GPUs_has_to_hold_its_own_share()
    {
        BufferMemory[] spread = [new("CUDA0", false, 3000 * Mebi, 0, 0), new("CUDA1", false, 1000 * Mebi, 0, 0), new("CPU", true, 0, 0, 0)];
        var need = new MemoryNeed(spread, hasGpus: true);

        Assert.Null(MemoryFit.Fault(need, Gpus(3000, 1000), LoadMode.Map));
        Assert.Contains("on 2 GPUs", MemoryFit.Fault(need, Gpus(1000, 1000), LoadMode.Map)!.Message, StringComparison.Ordinal);
        Assert.Contains($"CUDA0 would have to hold {3000 * Mebi} bytes of it and has {2000 * Mebi} bytes free", MemoryFit.Fault(need, Gpus(2000, 4000), LoadMode.Map)!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_buffer_over_all_GPUs_counts_against_all_of_them()
    {
        var need = new MemoryNeed([new("CUDA_Split", false, 3000 * Mebi, 0, 0), new("CUDA0", false, 0, 500 * Mebi, 0)], hasGpus: true);

        Assert.Null(MemoryFit.Fault(need, Gpus(1800, 1800), LoadMode.Map));
        Assert.NotNull(MemoryFit.Fault(need, Gpus(1700, 1700), LoadMode.Map));
    }

    [Fact]
    public void What_CUDA_may_move_to_main_memory_is_not_refused()
    {
        var offer = Gpus(100) with { GpusAreBounded = false };

        Assert.Null(MemoryFit.Fault(new MemoryNeed(OnOneGpu, hasGpus: true), offer, LoadMode.Map));
    }

    [Theory]
    [InlineData(LoadMode.Map, 1650)]
    [InlineData(LoadMode.MapAndLock, 1650)]
    [InlineData(LoadMode.Read, 5650)]
    [InlineData(LoadMode.ReadAndLock, 5650)]
    [InlineData(LoadMode.Direct, 5650)]
    public void On_the_CPU_a_mapped_file_may_be_larger_than_the_limit(LoadMode mode, long neededMebi)
    {
        var need = new MemoryNeed(OnCpu, hasGpus: false);
        var enough = new MemoryOffer([], neededMebi * Mebi, 50 * Mebi);

        Assert.Null(MemoryFit.Fault(need, enough, mode));
        var fault = MemoryFit.Fault(need, enough with { MainBytes = (neededMebi * Mebi) - 1 }, mode)!;
        Assert.Equal(FailureReason.OutOfMemory, fault.Reason);
        Assert.Contains($"needs {neededMebi * Mebi} bytes of memory", fault.Message, StringComparison.Ordinal);
        Assert.Contains($"the limit is {(neededMebi * Mebi) - 1} bytes", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_limit_main_memory_is_not_looked_at() =>
        Assert.Null(MemoryFit.Fault(new MemoryNeed(OnCpu, hasGpus: false), new MemoryOffer([], null, long.MaxValue / 4), LoadMode.Read));

    [Fact]
    public void The_need_is_told_for_each_device()
    {
        var told = new MemoryNeed(OnOneGpu, hasGpus: true).Describe(measured: true);

        Assert.Equal((true, 4300 * Mebi, 500 * Mebi, 120 * Mebi, 4920 * Mebi, 4600 * Mebi), (told.Measured, told.WeightsBytes, told.KvCacheBytes, told.ComputeBytes, told.TotalBytes, told.GpuBytes));
        Assert.Equal([("CPU", false, 320 * Mebi), ("CUDA0", true, 4600 * Mebi)], told.Devices.Select(static device => (device.Name, device.IsGpu, device.TotalBytes)));

        var cpu = Assert.Single(new MemoryNeed(OnCpu, hasGpus: false).Describe(measured: false).Devices);
        Assert.Equal(("CPU", false, 5600 * Mebi), (cpu.Name, cpu.IsGpu, cpu.TotalBytes));
    }

    private static MemoryOffer Gpus(params long[] freeMebi) => new(
        [.. freeMebi.Select(static (free, number) => new LlamaDevice($"CUDA{number}", "NVIDIA", DeviceKind.Gpu, 81920 * Mebi, free * Mebi, null))], null, 0);
}
