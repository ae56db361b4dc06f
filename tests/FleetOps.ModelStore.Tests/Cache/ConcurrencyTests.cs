using FleetOps.ModelStore.Sources;
using FleetOps.ModelStore.Tests.Support;

namespace FleetOps.ModelStore.Tests.Cache;

public sealed class ConcurrencyTests
{
    private static readonly byte[] Model = GgufBuilder.Model(tensorBytes: 2_000_000).Build();

    [Fact]
    public async Task Fetches_of_one_source_at_once_download_once()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        var file = new ServedFile(Model);
        var request = new FetchRequest(ModelSource.Parse(bench.Serve("/m.gguf", file).AbsoluteUri));
        ModelFetcherOptions options = bench.Options(time: TimeProvider.System);

        VerifiedModel[] models = await Task.WhenAll(Enumerable.Range(0, 6).Select(async _ =>
        {
            using var fetcher = new ModelFetcher(options);
            return await fetcher.FetchAsync(request, null, TestContext.Current.CancellationToken);
        }));

        Assert.Equal(1, file.Requests);
        Assert.Single(models, model => !model.Reused);
        Assert.All(models, model => Assert.Equal(FetchBench.Sha256(Model), model.Sha256));
    }

    [Fact]
    public async Task Whoever_waits_says_so_and_can_be_cancelled()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        var file = new ServedFile(Model) { Fault = request => request == 1 ? new ServedFault { CutAfter = 1_000_000, Stall = true } : null };
        var request = new FetchRequest(ModelSource.Parse(bench.Serve("/m.gguf", file).AbsoluteUri));
        ModelFetcherOptions options = bench.Options(time: TimeProvider.System);
        using var fetcher = new ModelFetcher(options);
        using var stopFirst = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        using var stopSecond = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var firstProgress = new RecordedProgress();
        Task<VerifiedModel> first = fetcher.FetchAsync(request, firstProgress, stopFirst.Token);
        await firstProgress.ReachedAsync(1_000_000);

        var waits = new RecordedProgress { Watch = report => { if (report.Phase == FetchPhase.Waiting) { stopSecond.Cancel(); } } };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => fetcher.FetchAsync(request, waits, stopSecond.Token));
        await stopFirst.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);

        Assert.False((await fetcher.FetchAsync(request, null, TestContext.Current.CancellationToken)).Reused);
    }

    [Fact]
    public async Task Two_sources_with_one_file_name_do_not_meet()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        VerifiedModel one = await bench.FetchAsync(bench.Serve("/a/m.gguf", new ServedFile(Model)));
        VerifiedModel other = await bench.FetchAsync(bench.Serve("/b/m.gguf", new ServedFile(GgufBuilder.Model().Build())));
        Assert.NotEqual(one.Path, other.Path);
        Assert.True(File.Exists(one.Path));
    }
}
