using FleetOps.ModelStore.Files;
using FleetOps.ModelStore.Sources;
using FleetOps.ModelStore.Tests.Support;

namespace FleetOps.ModelStore.Tests.Cache;

/// <summary>Sources with the same bytes hold them once on a volume.</summary>
public sealed class SharedContentTests
{
    private static readonly byte[] Model = GgufBuilder.Model(tensorBytes: 100_000).Build();
    private static readonly string Digest = FetchBench.Sha256(Model);

    [Fact]
    public async Task A_file_that_another_source_brought_is_linked_and_hashed()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        VerifiedModel one = await bench.FetchAsync(bench.Serve("/one.gguf", new ServedFile(Model)), Digest);
        bench.Progress.Reports.Clear();
        var other = new ServedFile(Model);
        VerifiedModel two = await bench.FetchAsync(bench.Serve("/two.gguf", other), Digest);

        Assert.Equal((Digest, true, 0), (two.Sha256, two.Reused, other.Requests));
        Assert.NotEqual(one.Path, two.Path);
        Assert.Equal(FileIdentity.Of(one.Path).Inode, FileIdentity.Of(two.Path).Inode);
        Assert.Contains(bench.Progress.Reports, static report => report.Phase == FetchPhase.Verifying && report.FetchedBytes == Model.Length);
        Assert.True((await bench.FetchAsync(bench.Server.At("/two.gguf"), Digest)).Reused);
    }

    [Fact]
    public async Task Two_revisions_with_one_digest_hold_it_once()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInHub hub = await StandInHub.StartAsync(Model);
        const string Second = "89abcdef0123456789abcdef0123456789abcdef";
        hub.Install(Second, "dev");
        VerifiedModel main = await bench.FetchAsync(hub.Source, options: bench.Options(hub: hub.Api.Address));
        VerifiedModel dev = await bench.FetchAsync(hub.Source, revision: "dev", options: bench.Options(hub: hub.Api.Address));
        Assert.Equal((Second, true, DigestOrigin.Source), (dev.Revision, dev.Reused, dev.DigestOrigin));
        Assert.Equal(FileIdentity.Of(main.Path).Inode, FileIdentity.Of(dev.Path).Inode);
        Assert.Equal(1, hub.File.Requests);
    }

    [Fact]
    public async Task A_source_that_has_not_got_the_file_does_not_get_it_from_another()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInHub hub = await StandInHub.StartAsync(Model);
        await bench.FetchAsync(bench.Serve("/one.gguf", new ServedFile(Model)), Digest);
        hub.Fail($"/api/models/{StandInHub.Repository}/revision/main", 401, "GatedRepo");
        Assert.Equal(ModelSourceReason.CredentialsMissing, (await bench.RefusedAsync(hub.Source, Digest, options: bench.Options(hub: hub.Api.Address))).Reason);
    }

    [Fact]
    public async Task A_file_that_was_damaged_on_the_disk_is_not_taken_and_left_alone()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        VerifiedModel one = await bench.FetchAsync(bench.Serve("/one.gguf", new ServedFile(Model)), Digest);
        DateTime time = File.GetLastWriteTimeUtc(one.Path);
        byte[] damaged = [.. Model];
        damaged[50_000] ^= 1;
        await using (FileStream file = File.OpenWrite(one.Path))
        {
            await file.WriteAsync(damaged, TestContext.Current.CancellationToken);
        }

        File.SetLastWriteTimeUtc(one.Path, time);
        var served = new ServedFile(Model);
        VerifiedModel two = await bench.FetchAsync(bench.Serve("/two.gguf", served), Digest);
        Assert.Equal((false, 1), (two.Reused, served.Requests));
        Assert.Equal(Model, await File.ReadAllBytesAsync(two.Path, TestContext.Current.CancellationToken));
        Assert.Equal(damaged, await File.ReadAllBytesAsync(one.Path, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_link_that_a_killed_process_left_harms_nobody()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        VerifiedModel one = await bench.FetchAsync(bench.Serve("/one.gguf", new ServedFile(Model)), Digest);
        var gone = new ServedFile(Model) { Fault = static _ => new ServedFault { Status = 404 } };
        await bench.RefusedAsync(bench.Serve("/two.gguf", gone).AbsoluteUri, new string('a', 64));
        string folder = Directory.GetDirectories(bench.Models).Single(folder => !one.Path.StartsWith(folder, StringComparison.Ordinal));
        Assert.True(NativeFiles.TryLink(one.Path, Path.Join(folder, "linked")));

        byte[] other = GgufBuilder.Model(tensorBytes: 100_000, seed: 2).Build();
        bench.Serve("/two.gguf", new ServedFile(other));
        Assert.Equal(FetchBench.Sha256(other), (await bench.FetchAsync(bench.Server.At("/two.gguf"), FetchBench.Sha256(other))).Sha256);
        Assert.True((await bench.FetchAsync(bench.Server.At("/one.gguf"), Digest)).Reused);
    }

    [Fact]
    public async Task Bytes_that_are_shared_count_once_and_go_with_the_last_model()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        VerifiedModel one = await FetchAsync(bench, "/one.gguf", Model);
        VerifiedModel two = await FetchAsync(bench, "/two.gguf", Model);
        VerifiedModel three = await FetchAsync(bench, "/three.gguf", GgufBuilder.Model(tensorBytes: 100_000, seed: 2).Build());
        Assert.All([one.Path, two.Path, three.Path], static path => Assert.True(File.Exists(path)));

        VerifiedModel four = await FetchAsync(bench, "/four.gguf", GgufBuilder.Model(tensorBytes: 100_000, seed: 3).Build());
        Assert.Equal([false, false, true, true], new[] { one, two, three, four }.Select(static model => File.Exists(model.Path)));
    }

    [Fact]
    public async Task What_one_uses_stays_though_the_other_is_removed()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        VerifiedModel one = await FetchAsync(bench, "/one.gguf", Model, leave: false);
        VerifiedModel two = await FetchAsync(bench, "/two.gguf", Model);
        await FetchAsync(bench, "/three.gguf", GgufBuilder.Model(tensorBytes: 200_000, seed: 2).Build());
        Assert.False(File.Exists(two.Path));
        Assert.Equal(Model, await File.ReadAllBytesAsync(one.Path, TestContext.Current.CancellationToken));
        one.Use!.Dispose();
    }

    [Fact]
    public async Task Files_of_split_models_are_shared_each_by_itself()
    {
        byte[][] files = GgufBuilder.Split(3, tensorBytes: 50_000);
        byte[][] newer = [files[0], GgufBuilder.SplitFile(1, 3, 50_000, seed: 9).Build(), files[2]];
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInHub hub = await StandInHub.StartAsync(Model);
        ModelFetcherOptions options = bench.Options(hub: hub.Api.Address);
        for (int i = 0; i < 3; i++)
        {
            hub.Add($"old/m-0000{i + 1}-of-00003.gguf", files[i]);
            hub.Add($"new/m-0000{i + 1}-of-00003.gguf", newer[i]);
        }

        await bench.FetchAsync($"hf://{StandInHub.Repository}/old/m-00001-of-00003.gguf", options: options);
        hub.Storage.Seen.Clear();
        VerifiedModel model = await bench.FetchAsync($"hf://{StandInHub.Repository}/new/m-00001-of-00003.gguf", options: options);
        Assert.Equal((FetchBench.Sha256(newer), false), (model.Sha256, model.Reused));
        Assert.EndsWith("/new/m-00002-of-00003.gguf", Assert.Single(hub.Storage.Seen).Path, StringComparison.Ordinal);
    }

    private static async Task<VerifiedModel> FetchAsync(FetchBench bench, string path, byte[] content, bool leave = true)
    {
        bench.Clock.Advance(TimeSpan.FromMinutes(1));
        VerifiedModel model = await bench.FetchAsync(
            new FetchRequest(ModelSource.Parse(bench.Serve(path, new ServedFile(content)).AbsoluteUri)) { Sha256 = FetchBench.Sha256(content) },
            bench.Options() with { MaxCacheBytes = 250_000 });
        if (leave)
        {
            model.Use!.Dispose();
        }

        return model;
    }
}
