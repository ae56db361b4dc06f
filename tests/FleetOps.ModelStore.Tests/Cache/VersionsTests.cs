using FleetOps.ModelStore.Tests.Support;

namespace FleetOps.ModelStore.Tests.Cache;

/// <summary>Several who want several versions of one source from one volume do not take them from each other.</summary>
public sealed class VersionsTests
{
    private const string NextCommit = "89abcdef0123456789abcdef0123456789abcdef";
    private static readonly byte[] Model = GgufBuilder.Model(tensorBytes: 80_000).Build();
    private static readonly byte[] Other = GgufBuilder.Model(tensorBytes: 80_000, seed: 2).Build();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_digest_that_is_mistyped_takes_the_file_from_nobody(bool inUse)
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        var file = new ServedFile(Model);
        Uri location = bench.Serve("/m.gguf", file);
        VerifiedModel right = await bench.FetchAsync(location, FetchBench.Sha256(Model));
        if (!inUse)
        {
            right.Use!.Dispose();
        }

        ModelSourceException e = await bench.RefusedAsync(location.AbsoluteUri, FetchBench.Sha256(Other));

        Assert.Equal(ModelSourceReason.DigestMismatch, e.Reason);
        Assert.Equal(Model, await File.ReadAllBytesAsync(right.Path, TestContext.Current.CancellationToken));
        int requests = file.Requests;
        Assert.True((await bench.FetchAsync(location, FetchBench.Sha256(Model))).Reused);
        Assert.True((await bench.FetchAsync(location)).Reused);
        Assert.Equal(requests, file.Requests);
    }

    [Fact]
    public async Task A_branch_that_moves_leaves_the_old_file_to_those_who_use_it_and_all_others_share_the_new_one()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInHub hub = await StandInHub.StartAsync(Model);
        ModelFetcherOptions options = bench.Options(hub: hub.Api.Address);
        VerifiedModel old = await bench.FetchAsync(hub.Source, options: options);

        hub.Install(NextCommit);
        (hub.File.Content, hub.File.ETag) = (Other, "\"v2\"");
        VerifiedModel next = await bench.FetchAsync(hub.Source, options: options);
        Assert.Equal((false, NextCommit, FetchBench.Sha256(Other)), (next.Reused, next.Revision, next.Sha256));
        Assert.Equal(Model, await File.ReadAllBytesAsync(old.Path, TestContext.Current.CancellationToken));

        int requests = hub.File.Requests;
        VerifiedModel again = await bench.FetchAsync(hub.Source, options: options);
        Assert.Equal((true, next.Path), (again.Reused, again.Path));
        Assert.Equal(requests, hub.File.Requests);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_version_that_is_stored_stays_until_the_next_one_is_there(bool comes)
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInHub hub = await StandInHub.StartAsync(Model);
        ModelFetcherOptions options = bench.Options(hub: hub.Api.Address);
        (await bench.FetchAsync(hub.Source, options: options)).Use!.Dispose();

        hub.Install(NextCommit);
        (hub.File.Content, hub.File.ETag) = (Other, "\"v2\"");
        hub.File.Fault = _ => comes ? null : new ServedFault { CorruptAt = 50_000 };
        Exception? e = await Record.ExceptionAsync(() => bench.FetchAsync(hub.Source, options: options));

        Assert.Equal(comes ? null : ModelSourceReason.DigestMismatch, (e as ModelSourceException)?.Reason);
        Assert.Equal(comes ? Other : Model, await File.ReadAllBytesAsync(Assert.Single(bench.Published()), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_stored_file_that_is_damaged_is_put_aside_and_whoever_has_it_open_keeps_it()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        var file = new ServedFile(Model);
        Uri location = bench.Serve("/m.gguf", file);
        VerifiedModel model = await bench.FetchAsync(location);
        byte[] damaged = [.. Model];
        damaged[50_000] ^= 1;
        await using (FileStream stream = File.Open(model.Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            stream.Position = 50_000;
            stream.WriteByte(damaged[50_000]);
        }

        file.Fault = _ => new ServedFault { Status = 404 };
        await bench.RefusedAsync(location.AbsoluteUri);
        string aside = Directory.GetFiles(bench.Models, "quarantined", SearchOption.AllDirectories).Single();
        Assert.Equal(damaged, await File.ReadAllBytesAsync(aside, TestContext.Current.CancellationToken));
        Assert.Empty(bench.Published());

        // It is kept while the model is in use, and removed by the first right one after that.
        file.Fault = _ => null;
        Assert.False((await bench.FetchAsync(location)).Reused);
        Assert.True(File.Exists(aside));
    }

    [Fact]
    public async Task A_source_that_offers_the_same_wrong_file_twice_is_not_downloaded_a_third_time_until_it_changes()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        var file = new ServedFile(Other);
        string source = bench.Serve("/m.gguf", file).AbsoluteUri;
        for (int time = 0; time < 2; time++)
        {
            Assert.Contains("came with the sha256", (await bench.RefusedAsync(source, FetchBench.Sha256(Model))).Message, StringComparison.Ordinal);
        }

        bench.Progress.Reports.Clear();
        bench.Clock.Advance(TimeSpan.FromDays(3));
        ModelSourceException e = await bench.RefusedAsync(source, FetchBench.Sha256(Model));
        Assert.Equal(ModelSourceReason.DigestMismatch, e.Reason);
        Assert.All([FetchBench.Sha256(Model), FetchBench.Sha256(Other), "not downloaded again"], word => Assert.Contains(word, e.Message, StringComparison.Ordinal));
        Assert.All(bench.Progress.Reports, report => Assert.Equal(0, report.FetchedBytes));

        (file.Content, file.ETag) = (Model, "\"v2\"");
        Assert.False((await bench.FetchAsync(source, FetchBench.Sha256(Model))).Reused);
        Assert.Empty(Directory.GetFiles(bench.Models, "quarantined*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_digest_that_is_corrected_finds_what_was_put_aside_under_the_wrong_one()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        var file = new ServedFile(Model);
        string source = bench.Serve("/m.gguf", file).AbsoluteUri;
        await bench.RefusedAsync(source, FetchBench.Sha256(Other));
        Assert.Equal((FetchBench.Sha256(Model), true), (await bench.FetchAsync(source, FetchBench.Sha256(Model))) is var model ? (model.Sha256, model.Reused) : default);
        Assert.Equal(1, file.Requests);
    }
}
