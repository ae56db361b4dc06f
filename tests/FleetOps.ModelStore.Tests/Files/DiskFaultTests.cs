using FleetOps.ModelStore.Cache;
using FleetOps.ModelStore.Downloads;
using FleetOps.ModelStore.Files;
using FleetOps.ModelStore.Http;
using FleetOps.ModelStore.Sources;
using FleetOps.ModelStore.Tests.Support;

namespace FleetOps.ModelStore.Tests.Files;

/// <summary>A volume that fails for a moment is tried again; one that somebody has to set right is named.</summary>
public sealed class DiskFaultTests
{
    private const int InputOutput = 5;
    private const int Stale = 116;

    [Theory]
    [InlineData(InputOutput, ModelSourceReason.SourceUnreachable)]
    [InlineData(Stale, ModelSourceReason.SourceUnreachable)]
    [InlineData(28, ModelSourceReason.DiskFull)]
    [InlineData(122, ModelSourceReason.DiskFull)]
    [InlineData(30, ModelSourceReason.InvalidConfiguration)]
    [InlineData(20, ModelSourceReason.InvalidConfiguration)]
    public void The_error_of_a_write_decides(int error, ModelSourceReason reason) =>
        Assert.Equal(reason, DiskFaults.OnWrite(new IOException("words", error), "/models").Reason);

    [Theory]
    [InlineData(2, true)]
    [InlineData(100, false)]
    public async Task A_volume_that_fails_for_a_moment_is_tried_again(int faults, bool ends)
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        byte[] model = GgufBuilder.Model().Build();
        Uri location = bench.Serve("/m.gguf", new ServedFile(model));
        ModelFetcherOptions options = bench.Options();
        using var invoker = new HttpMessageInvoker(options.HttpMessageHandler!, disposeHandler: false);
        var exchange = new HttpExchange(invoker, options);
        var plan = FetchPlan.From(new FetchRequest(ModelSource.Parse(location.AbsoluteUri)) { Sha256 = FetchBench.Sha256(model) });
        int failed = 0;

        // A stand-in for the volume: no volume fails on demand.
        var ring = new ResolveRing([_ => failed++ < faults
            ? throw new IOException("Input/output error", InputOutput)
            : Task.FromResult(new RemoteModel([new RemoteFile(new RemoteAddress(location, null), static _ => throw new NotSupportedException())]))]);
        var fetch = new CachedFetch(exchange, options, new FetchReporter(bench.Progress, bench.Clock, TimeSpan.Zero));
        Exception? e = await Record.ExceptionAsync(() => fetch.RunAsync(plan, CacheFolder.Of(bench.Models, plan, ""), ring, TestContext.Current.CancellationToken));

        Assert.Equal(ends ? null : ModelSourceReason.SourceUnreachable, (e as ModelSourceException)?.Reason);
        Assert.Contains(bench.Progress.Faults, fault => fault.Message.Contains("Input/output error", StringComparison.Ordinal));
        Assert.Equal(ends ? faults + 1 : 5, failed);
    }
}
