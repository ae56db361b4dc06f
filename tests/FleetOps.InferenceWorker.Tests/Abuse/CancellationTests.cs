using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Tests.Fixtures;
using FleetOps.Soak;
using Grpc.Core;

namespace FleetOps.InferenceWorker.Tests.Abuse;

/// <summary>Calls that are given up at any point of their life, in the queue, in the prompt, between tokens and at the end.</summary>
public sealed class CancellationTests
{
    private const int Calls = 3000;
    private const int AtOnce = 12;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Thousands_of_calls_given_up_at_any_point_leave_nothing_behind()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random, options => options with { ContextLength = 128, MaxSequences = 3, OutputCapacity = 8 });
        var outcomes = new int[4];
        await Parallel.ForAsync(0, Calls, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = Cancellation }, async (number, _) =>
            Interlocked.Increment(ref outcomes[await GiveUpAsync(worker, new Random(number))]));

        // Each way out was taken, or the test would say nothing.
        Assert.All(outcomes, count => Assert.True(count > 0, string.Join(", ", outcomes)));
        await Until.HoldsAsync(() => worker.Engine is { Running: 0, Waiting: 0, Counters.KvTokens: 0 }, "no slot and no token of the cache is held");
        await Until.HoldsAsync(async () => await Server.Scrape.ValueAsync(worker.Http, "fleetops_worker_calls_open") == 0, "no call is open");
        var alone = await worker.GenerateAsync(Request(40, 16));
        var again = await worker.GenerateAsync(Request(40, 16));
        Assert.Equal(alone.Text, again.Text);
    }

    /// <summary>Makes a call and leaves it; returns how.</summary>
    private static async Task<int> GiveUpAsync(InProcessWorker worker, Random random)
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        // Few read to the end, for that takes longest.
        var way = Math.Min(random.Next(10) / 3, 3);
        var deadline = way == 1 ? TimeProvider.System.GetUtcNow().UtcDateTime.AddMilliseconds(random.Next(1, 60)) : (DateTime?)null;
        using var call = worker.Client.Generate(Request(random.Next(1, 100), 128), deadline: deadline, cancellationToken: cancel.Token);
        if (way == 0)
        {
            cancel.CancelAfter(TimeSpan.FromMilliseconds(random.Next(0, 40)));
        }

        // The third way leaves after so many messages, the last one reads to the end.
        var left = way == 2 ? random.Next(0, 12) : int.MaxValue;
        try
        {
            while (left-- > 0 && await call.ResponseStream.MoveNext(cancel.Token))
            {
            }
        }
        catch (RpcException error)
        {
            Assert.True(IsGivenUp(error, deadline is not null, cancel.IsCancellationRequested), $"way {way}: {error}");
        }

        return way;
    }

    private static bool IsGivenUp(RpcException error, bool hasDeadline, bool cancelled) => error.StatusCode switch
    {
        StatusCode.Cancelled or StatusCode.DeadlineExceeded => true,
        // Whose deadline cannot bear the wait is told so at once.
        StatusCode.ResourceExhausted => hasDeadline,
        StatusCode.Unavailable => (hasDeadline || cancelled) && GivenUp.WhileReading(error),
        _ => false,
    };

    private static GenerateRequest Request(int promptTokens, int maxTokens) => new()
    {
        Tokens = new TokenIds { Ids = { Enumerable.Range(0, promptTokens).Select(i => 5 + (i * 7 % 300)) } },
        Stop = new StopOptions { MaxTokens = maxTokens, IgnoreEndOfGeneration = true },
        Sampling = new SamplingOptions { Temperature = 0 },
    };
}
