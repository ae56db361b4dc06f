using FleetOps.InferenceWorker.Memory;

namespace FleetOps.InferenceWorker.Tests.Memory;

/// <summary>The limit of the container, from control groups that were written for the test.</summary>
public sealed class MemoryLimitTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("fleetops-cgroup-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void The_tightest_limit_on_the_way_to_the_root_counts()
    {
        Write("pod/memory.max", "3000000");
        Write("pod/worker/memory.max", "2000000");
        Write("memory.max", "max");

        Assert.Equal(2_000_000, Read("0::/pod/worker"));
        Assert.Equal(3_000_000, Read("0::/pod"));
        Assert.Null(Read("0::/"));
    }

    [Fact]
    public void What_may_be_swapped_out_counts_on_top()
    {
        Write("memory.max", "2000000");
        Assert.Equal(2_500_000, Read("0::/", swap: 500_000));
        Write("memory.swap.max", "0");
        Assert.Equal(2_000_000, Read("0::/", swap: 500_000));
        Write("memory.swap.max", "100000");
        Assert.Equal(2_100_000, Read("0::/", swap: 500_000));
        Write("memory.swap.max", "max");
        Assert.Equal(2_500_000, Read("0::/", swap: 500_000));
    }

    [Fact]
    public void Version_1_has_a_number_for_no_limit()
    {
        Write("memory/pod/memory.limit_in_bytes", "2000000");
        Write("memory/memory.limit_in_bytes", "9223372036854771712");

        Assert.Equal(2_000_000, Read("5:cpu,cpuacct:/pod\n4:memory:/pod"));
        Assert.Null(Read("4:memory:/"));
    }

    [Fact]
    public void Without_control_groups_there_is_no_limit() => Assert.Null(MemoryLimit.Read(Path.Combine(_root, "none"), _root, swapBytes: 0));

    [Fact]
    public void The_program_itself_holds_something() => Assert.InRange(MemoryLimit.OwnBytes(), 1 << 20, long.MaxValue);

    private long? Read(string membership, long swap = 0)
    {
        Write("membership", membership);
        return MemoryLimit.Read(Path.Combine(_root, "membership"), _root, swap);
    }

    private void Write(string name, string text)
    {
        var path = Path.Combine(_root, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text + "\n");
    }
}
