using FleetOps.ModelStore.Sources;
using FleetOps.ModelStore.Tests.Support;

namespace FleetOps.ModelStore.Tests.Cache;

/// <summary>Removing one model on purpose.</summary>
public sealed class RemovalTests
{
    private static readonly byte[] Model = GgufBuilder.Model(100_000).Build();

    [Fact]
    public async Task A_model_that_somebody_uses_stays_and_goes_once_nobody_does()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        Uri source = bench.Serve("/m.gguf", new ServedFile(Model));
        VerifiedModel model = await bench.FetchAsync(source, FetchBench.Sha256(Model));
        using var fetcher = new ModelFetcher(bench.Options());
        var request = new FetchRequest(ModelSource.Parse(source.AbsoluteUri));

        Assert.Equal(new ModelRemoval(0, InUse: true), await fetcher.RemoveAsync(request, TestContext.Current.CancellationToken));
        Assert.True(File.Exists(model.Path));

        model.Use!.Dispose();
        ModelRemoval removal = await fetcher.RemoveAsync(request, TestContext.Current.CancellationToken);
        Assert.False(removal.InUse);
        Assert.InRange(removal.Bytes, Model.Length, Model.Length + 10_000);
        Assert.False(File.Exists(model.Path));
        Assert.Equal(new ModelRemoval(0, InUse: false), await fetcher.RemoveAsync(request, TestContext.Current.CancellationToken));
        Assert.Equal(FetchBench.Sha256(Model), (await bench.FetchAsync(source, FetchBench.Sha256(Model))).Sha256);
    }

    [Fact]
    public async Task A_model_of_another_revision_stays()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInHub hub = await StandInHub.StartAsync(Model);
        ModelFetcherOptions options = bench.Options(hub: hub.Api.Address);
        string source = $"hf://{StandInHub.Repository}/{StandInHub.FileName}";
        VerifiedModel model = await bench.FetchAsync(source, options: options);
        model.Use!.Dispose();
        using var fetcher = new ModelFetcher(options);

        await fetcher.RemoveAsync(new FetchRequest(ModelSource.Parse(source)) { Revision = "other" }, TestContext.Current.CancellationToken);
        Assert.True(File.Exists(model.Path));

        await fetcher.RemoveAsync(new FetchRequest(ModelSource.Parse(source)), TestContext.Current.CancellationToken);
        Assert.False(File.Exists(model.Path));
    }
}
