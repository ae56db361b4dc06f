using FleetOps.LlamaCpp.Backends;

namespace FleetOps.LlamaCpp.Tests;

public sealed class LlamaRuntimeTests(LlamaFixture llama)
{
    [Fact]
    public void The_release_is_the_pinned_one() => Assert.StartsWith("v0.5.0 de3ff815", llama.Runtime.Release, StringComparison.Ordinal);

    [Fact]
    public void The_cpu_is_a_device_with_memory()
    {
        var cpu = Assert.Single(llama.Runtime.ReadDevices());

        Assert.Equal(("CPU", DeviceKind.Cpu, null), (cpu.Name, cpu.Kind, cpu.ComputeCapability));
        Assert.NotEmpty(cpu.Description);
        Assert.InRange(cpu.MemoryFreeBytes, 1, cpu.MemoryTotalBytes);
    }

    [Fact]
    public void The_same_request_gives_the_same_runtime_and_another_is_refused()
    {
        Assert.Same(llama.Runtime, LlamaRuntime.Load(llama.Runtime.NativeDirectory, BackendRequest.Cpu));
        Assert.Throws<InvalidOperationException>(() => LlamaRuntime.Load(llama.Runtime.NativeDirectory, BackendRequest.Auto));
    }

    [Fact]
    public void The_log_arrives_in_whole_lines()
    {
        _ = llama.Random;

        var lines = llama.Log.Snapshot();

        Assert.Contains(lines, static line => line.Line.Contains("loaded meta data", StringComparison.Ordinal));
        Assert.All(lines, static line => Assert.DoesNotContain('\n', line.Line));
        Assert.All(lines, static line => Assert.InRange(line.Level, LlamaLogLevel.None, LlamaLogLevel.Error));
    }
}
