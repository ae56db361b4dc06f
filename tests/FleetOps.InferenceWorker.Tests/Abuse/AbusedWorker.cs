using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Tests.Fixtures;
using FleetOps.InferenceWorker.Tests.Server;

namespace FleetOps.InferenceWorker.Tests.Abuse;

/// <summary>One worker that outlives all the attacks of a test class.</summary>
public sealed class AbusedWorker : IAsyncLifetime
{
    internal InProcessWorker Worker { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Worker = await InProcessWorker.ServeAsync(
        ModelFiles.Successor, options => options with { ContextLength = 128, SlowReaderTimeout = TimeSpan.FromSeconds(5) });

    public ValueTask DisposeAsync() => Worker.DisposeAsync();

    /// <summary>The worker answers as if nothing had been, and nothing is held any more.</summary>
    internal async Task AssertUnharmedAsync()
    {
        Assert.Equal("nopqrstuvwxyz", (await Worker.GenerateAsync(new GenerateRequest { Text = "m", Sampling = new SamplingOptions { Temperature = 0 } })).Text);
        await Until.HoldsAsync(
            () => Worker.Engine is { Running: 0, Waiting: 0, Counters.KvTokens: 0 }, "no slot and no token of the cache is held");
        await Until.HoldsAsync(async () => await Scrape.ValueAsync(Worker.Http, "fleetops_worker_calls_open") == 0, "no call is open");
    }
}
