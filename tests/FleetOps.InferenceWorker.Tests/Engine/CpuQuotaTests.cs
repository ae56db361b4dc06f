using FleetOps.InferenceWorker.Engine.Threads;

namespace FleetOps.InferenceWorker.Tests.Engine;

public sealed class CpuQuotaTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("cgroup").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void The_quota_of_version_2_is_read()
    {
        Write("cpu.max", "150000 100000\n");
        Assert.Equal(1.5, Read("0::/\n"));
    }

    [Fact]
    public void No_quota_is_none()
    {
        Write("cpu.max", "max 100000\n");
        Assert.Null(Read("0::/\n"));
    }

    [Fact]
    public void The_tightest_quota_on_the_way_to_the_root_counts()
    {
        Write("kubepods/cpu.max", "200000 100000\n");
        Write("kubepods/pod1/cpu.max", "50000 100000\n");
        Write("kubepods/pod1/worker/cpu.max", "400000 100000\n");
        Assert.Equal(0.5, Read("0::/kubepods/pod1/worker\n"));
    }

    [Fact]
    public void The_path_of_the_host_that_a_container_sees_does_no_harm()
    {
        Write("cpu.max", "300000 100000\n");
        Assert.Equal(3, Read("0::/kubepods/not/visible/here\n"));
    }

    [Fact]
    public void The_quota_of_version_1_is_read()
    {
        Write("cpu,cpuacct/docker/abc/cpu.cfs_quota_us", "250000\n");
        Write("cpu,cpuacct/docker/abc/cpu.cfs_period_us", "100000\n");
        Assert.Equal(2.5, Read("5:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n"));
    }

    [Fact]
    public void Version_1_without_a_quota_says_minus_one()
    {
        Write("cpu/cpu.cfs_quota_us", "-1\n");
        Write("cpu/cpu.cfs_period_us", "100000\n");
        Assert.Null(Read("4:cpu:/\n"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("garbage")]
    [InlineData("0::/../../..\n")]
    public void What_cannot_be_read_is_no_quota(string membership)
    {
        Write("cpu.max", "no numbers");
        Assert.Null(Read(membership));
    }

    [Theory]
    [InlineData(null, 8, 4096, 8)]
    [InlineData(4.0, 8, 4096, 4)]
    [InlineData(3.9, 8, 4096, 3)]
    [InlineData(0.5, 8, 4096, 1)]
    [InlineData(16.0, 8, 4096, 8)]
    [InlineData(null, 8, 4, 1)]
    [InlineData(null, 8, 100, 3)]
    [InlineData(2.0, 8, 100, 2)]
    public void Threads_stay_within_quota_and_processors_and_have_work(double? quota, int processors, long weightMebibytes, int threads) =>
        Assert.Equal(threads, CpuQuota.Threads(quota, processors, weightMebibytes << 20));

    private double? Read(string membership)
    {
        var file = Path.Combine(_root, "membership");
        File.WriteAllText(file, membership);
        return CpuQuota.Read(file, _root);
    }

    private void Write(string path, string text)
    {
        var file = Path.Combine(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }
}
