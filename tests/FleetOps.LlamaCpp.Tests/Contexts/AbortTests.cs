using FleetOps.LlamaCpp.Contexts;

namespace FleetOps.LlamaCpp.Tests.Contexts;

public sealed class AbortTests(LlamaFixture llama)
{
    [Fact]
    public void A_running_decode_stops_when_it_is_cancelled()
    {
        using var model = llama.Large();
        using var context = new LlamaContext(model, LlamaFixture.Small() with { ContextLength = 1024, BatchSize = 1024, MicroBatchSize = 1024 });
        using var batch = new LlamaBatch(1000);
        for (var i = 0; i < 1000; i++)
        {
            batch.Add(50 + (i % 200), i, 0, output: i == 999);
        }

        using var cancel = new CancellationTokenSource();
        using var timer = llama.Clock.CreateTimer(_ => cancel.Cancel(), null, TimeSpan.FromMilliseconds(30), Timeout.InfiniteTimeSpan);
        // Of the processor, not of the clock, which goes on while others compute.
        var started = Environment.CpuUsage.TotalTime;
        var status = context.Decode(batch, cancel.Token);
        var aborted = Environment.CpuUsage.TotalTime - started;

        Assert.Equal(DecodeStatus.Aborted, status);
        context.MemorySequenceRemove(0);
        started = Environment.CpuUsage.TotalTime;
        Assert.Equal(DecodeStatus.Success, context.Decode(batch, CancellationToken.None));
        Assert.True(aborted < Environment.CpuUsage.TotalTime - started);
    }

    [Fact]
    public void A_cancelled_token_stops_a_decode_before_it_begins_and_no_later_one()
    {
        using var context = new LlamaContext(llama.Random, LlamaFixture.Small());
        using var batch = new LlamaBatch(4);
        batch.Add(50, 0, 0, output: true);

        Assert.Equal(DecodeStatus.Aborted, context.Decode(batch, new CancellationToken(canceled: true)));
        Assert.Equal(-1, context.MemorySequenceMaxPosition(0));
        Assert.Equal(DecodeStatus.Success, context.Decode(batch, CancellationToken.None));
    }
}
