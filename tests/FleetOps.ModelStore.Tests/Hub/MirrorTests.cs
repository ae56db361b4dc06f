using FleetOps.ModelStore.Tests.Support;

namespace FleetOps.ModelStore.Tests.Hub;

public sealed class MirrorTests
{
    private const string Commit = "0123456789abcdef0123456789abcdef01234567";
    private static readonly byte[] Model = GgufBuilder.Model(tensorBytes: 300_000).Build();

    [Fact]
    public async Task A_mirror_serves_while_the_hub_is_down()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInHub hub = await HubAsync();
        await using StandInHub mirror = await HubAsync();
        hub.Api.Answer($"/api/models/{StandInHub.Repository}/revision/main", 503);
        VerifiedModel model = await bench.FetchAsync(hub.Source, options: bench.Options(hub: hub.Api.Address, mirrors: [mirror.Api.Address]));
        Assert.Equal((FetchBench.Sha256(Model), Commit), (model.Sha256, model.Revision));
        Assert.Single(bench.Progress.Faults);
        Assert.True((await bench.FetchAsync(hub.Source, revision: Commit, options: bench.Options(hub: hub.Api.Address))).SizeBytes > 0);
    }

    [Fact]
    public async Task A_download_that_the_hub_does_not_finish_goes_on_at_the_mirror()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInHub hub = await HubAsync();
        await using StandInHub mirror = await HubAsync();
        hub.File.Received = bench.Progress.ReachedAsync;
        hub.File.Fault = request => request == 1 ? new ServedFault { CutAfter = 100_000 } : new ServedFault { Status = 503 };
        mirror.File.ETag = "\"of-the-mirror\"";
        VerifiedModel model = await bench.FetchAsync(hub.Source, options: bench.Options(hub: hub.Api.Address, mirrors: [mirror.Api.Address]));
        Assert.Equal(FetchBench.Sha256(Model), model.Sha256);
        Assert.Equal(("bytes=100000-", ""), (mirror.Storage.Seen.Single().Range, mirror.Storage.Seen.Single().IfRange));
    }

    [Fact]
    public async Task What_the_hub_says_is_final()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInHub hub = await HubAsync();
        await using StandInHub mirror = await HubAsync();
        hub.Fail($"/api/models/{StandInHub.Repository}/revision/main", 404, "RevisionNotFound");
        Assert.Equal(ModelSourceReason.SourceNotFound, (await bench.RefusedAsync(hub.Source, options: bench.Options(hub: hub.Api.Address, mirrors: [mirror.Api.Address]))).Reason);
        Assert.Empty(mirror.Api.Seen);
    }

    [Fact]
    public async Task A_mirror_that_lacks_the_file_does_not_end_the_fetch_and_never_sees_the_token()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInHub hub = await HubAsync();
        await using StandInHub mirror = await HubAsync();
        bench.Folder.Write("secret/token", "t0ken");
        mirror.Fail($"/api/models/{StandInHub.Repository}/revision/main", 404, "RepoNotFound");
        int asked = 0;
        hub.Api.Answer($"/api/models/{StandInHub.Repository}/revision/main", context =>
        {
            if (Interlocked.Increment(ref asked) > 1)
            {
                hub.Install(Commit);
            }

            context.Response.StatusCode = 503;
            return Task.CompletedTask;
        });
        VerifiedModel model = await bench.FetchAsync(hub.Source, options: bench.Options(bench.Folder["secret"], hub.Api.Address, mirrors: [mirror.Api.Address]));
        Assert.Equal(FetchBench.Sha256(Model), model.Sha256);
        Assert.All(mirror.Api.Seen, request => Assert.Equal("", request.Authorization));
    }

    [Theory]
    [InlineData(null, "https://huggingface.co/")]
    [InlineData("", "https://huggingface.co/")]
    [InlineData("https://hub.example", "https://hub.example/")]
    [InlineData(" https://hub.example/a , https://mirror.example:8443,", "https://hub.example/a https://mirror.example:8443/")]
    public void Hubs_are_read(string? text, string hubs) => Assert.Equal(hubs, string.Join(' ', ModelFetcherOptions.ParseHubs(text).Select(hub => hub.AbsoluteUri)));

    [Theory]
    [InlineData("hub.example")]
    [InlineData("https://user:pw@hub.example")]
    [InlineData("https://hub.example,ftp://mirror.example")]
    public void Hubs_that_are_none_are_refused(string text)
    {
        IReadOnlyList<Uri> hubs = ModelFetcherOptions.ParseHubs(text);
        var e = Assert.Throws<ModelSourceException>(() => new ModelFetcher(new ModelFetcherOptions { HubEndpoint = hubs[0], HubMirrors = [.. hubs.Skip(1)] }));
        Assert.Equal(ModelSourceReason.InvalidConfiguration, e.Reason);
        Assert.Contains("HubEndpoint", e.Message, StringComparison.Ordinal);
    }

    private static async Task<StandInHub> HubAsync()
    {
        StandInHub hub = await StandInHub.StartAsync(Model);
        hub.Install(Commit);
        return hub;
    }
}
