using FleetOps.ModelStore.Files;
using FleetOps.ModelStore.Sources;
using FleetOps.ModelStore.Tests.Support;

namespace FleetOps.ModelStore.Tests.Files;

/// <summary>Volumes whose locks do not keep other machines out, and what fetchers do on them.</summary>
public sealed class VolumeLocksTests
{
    private const string Root = "21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n";
    private static readonly byte[] Model = GgufBuilder.Model(tensorBytes: 600_000).Build();

    [Theory]
    [InlineData("ext4", "rw", true)]
    [InlineData("xfs", "rw", true)]
    [InlineData("tmpfs", "rw", true)]
    [InlineData("nfs4", "rw,vers=4.2,local_lock=none", true)]
    [InlineData("nfs", "rw,vers=3,nolock,local_lock=all", false)]
    [InlineData("nfs4", "rw,local_lock=flock", false)]
    [InlineData("nfs", "rw,vers=3,local_lock=posix", true)]
    [InlineData("cifs", "rw,vers=3.1.1", true)]
    [InlineData("cifs", "rw,nobrl", false)]
    [InlineData("lustre", "rw,flock", true)]
    [InlineData("lustre", "rw,localflock", false)]
    [InlineData("fuse.s3fs", "rw", false)]
    [InlineData("virtiofs", "rw", false)]
    [InlineData("9p", "rw,trans=virtio", false)]
    public void A_mount_tells_whether_locks_reach_other_machines(string kind, string options, bool reach) =>
        Assert.Equal(reach, VolumeLocks.ReachAll($"{Root}36 21 0:44 / /var/lib/my\\040models rw - {kind} server:/x {options}\n", "/var/lib/my models/key/lock"));

    [Fact]
    public void A_mount_speaks_for_what_lies_in_it_and_the_last_one_on_a_place_counts()
    {
        string mounts = $"{Root}36 21 0:44 / /models rw - nfs server:/x rw,nolock\n";
        Assert.True(VolumeLocks.ReachAll(mounts, "/models2/key/lock"));
        Assert.False(VolumeLocks.ReachAll(mounts, "/models/key/lock"));
        Assert.True(VolumeLocks.ReachAll(mounts + "37 36 8:2 / /models rw - ext4 /dev/sdb rw\n", "/models/key/lock"));
    }

    [Fact]
    public async Task Fetchers_that_no_lock_keeps_apart_do_not_write_to_one_file()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        var file = new ServedFile(Model);

        // Each of them is in the middle of the file before any of them goes on.
        var all = new TaskCompletionSource();
        int waiting = 0;
        Uri location = bench.Server.Answer("/m.gguf", async context =>
        {
            if (context.Request.Headers.Range.Count == 0)
            {
                context.Response.ContentLength = Model.Length;
                await context.Response.Body.WriteAsync(Model.AsMemory(0, Model.Length / 2));
                await context.Response.Body.FlushAsync();
                if (Interlocked.Increment(ref waiting) == 3)
                {
                    all.SetResult();
                }

                await all.Task;
                await context.Response.Body.WriteAsync(Model.AsMemory(Model.Length / 2));
                return;
            }

            await file.ServeAsync(context);
        });
        ModelFetcherOptions options = bench.Options(time: TimeProvider.System) with { HasLocks = false };
        VerifiedModel[] models = await Task.WhenAll(Enumerable.Range(0, 3).Select(async _ =>
        {
            using var fetcher = new ModelFetcher(options);
            return await fetcher.FetchAsync(new FetchRequest(ModelSource.Parse(location.AbsoluteUri)), null, TestContext.Current.CancellationToken);
        }));

        Assert.Equal(3, waiting);
        Assert.All(models, model => Assert.Equal(FetchBench.Sha256(Model), model.Sha256));
        Assert.Equal(Model, await File.ReadAllBytesAsync(models[0].Path, TestContext.Current.CancellationToken));
        Assert.Empty(Directory.GetFiles(bench.Models, "partial*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Where_no_lock_tells_who_uses_what_nothing_is_removed()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        ModelFetcherOptions options = bench.Options() with { HasLocks = false, MaxCacheBytes = 1 };
        VerifiedModel first = await bench.FetchAsync(new FetchRequest(ModelSource.Parse(bench.Serve("/a.gguf", new ServedFile(Model)).AbsoluteUri)), options);
        first.Use!.Dispose();
        await bench.FetchAsync(new FetchRequest(ModelSource.Parse(bench.Serve("/b.gguf", new ServedFile(Model)).AbsoluteUri)), options);
        Assert.True(File.Exists(first.Path));
    }
}
