using FleetOps.InferenceWorker.Engine.Requests;
using FleetOps.InferenceWorker.Engine.Sampling;
using FleetOps.InferenceWorker.Tests.Fixtures;

namespace FleetOps.InferenceWorker.Tests.Engine;

public sealed class DraftTests
{
    [Fact]
    public async Task Guesses_save_batches_and_change_nothing_that_is_said()
    {
        await using var plain = await InProcessWorker.ServeAsync(ModelFiles.Successor, options => options with { OutputCapacity = 1024 });
        await using var guessing = await InProcessWorker.ServeAsync(ModelFiles.Successor, options => options with { OutputCapacity = 1024, DraftTokens = 4 });
        var prompt = await PromptAsync(plain, "abcdefghijklmnopqrstuvwxyz abc");
        foreach (var temperature in new[] { 0f, 2f })
        {
            var request = InProcessWorker.Endless(prompt) with
            {
                Sampling = new SamplingSettings { Temperature = temperature, Seed = 7 },
                MaxTokens = 100,
            };
            var expected = await TokensOf(plain, request);
            var before = guessing.Engine.Counters.Batches;
            Assert.Equal(expected, await TokensOf(guessing, request));
            Assert.Equal(100, expected.Length);
            if (temperature == 0)
            {
                Assert.InRange(guessing.Engine.Counters.Batches - before, 20, 60);
            }
        }

        var counters = guessing.Engine.Counters;
        Assert.True(counters.AcceptedTokens > 50);
        Assert.True(counters.DraftedTokens >= counters.AcceptedTokens);
        Assert.Equal(0, plain.Engine.Counters.DraftedTokens);
    }

    [Fact]
    public async Task Guesses_end_where_the_request_and_the_context_end()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor, options => options with { OutputCapacity = 1024, ContextLength = 256, DraftTokens = 16 });
        var prompt = await PromptAsync(worker, "abcdefghijklmnopqrstuvwxyz abc");
        foreach (var tokens in new[] { 1, 2, 7, 23 })
        {
            Assert.Equal(tokens, (await TokensOf(worker, InProcessWorker.Endless(prompt) with { MaxTokens = tokens })).Length);
        }

        var end = worker.Engine.Submit(InProcessWorker.Endless(prompt));
        Assert.Equal(256 - prompt.Length, (await TokensOf(end)).Length);
        Assert.Equal(EndCause.ContextFull, end.End!.Cause);
        Assert.Equal(0L, worker.Engine.Counters.KvTokens);
    }

    [Fact]
    public async Task Wrong_guesses_leave_nothing_behind()
    {
        await using var plain = await InProcessWorker.ServeAsync(ModelFiles.Random, options => options with { OutputCapacity = 1024 });
        await using var guessing = await InProcessWorker.ServeAsync(ModelFiles.Random, options => options with { OutputCapacity = 1024, DraftTokens = 3 });
        // Few different tokens, so that there is always something to guess, and much of it wrong.
        var requests = Enumerable.Range(0, 8).Select(i => InProcessWorker.Endless([.. Enumerable.Range(0, 60).Select(j => 40 + ((j * (i + 3)) % 5))]) with
        {
            Sampling = new SamplingSettings { Temperature = 0.5f, TopK = 5, Seed = (uint)i },
            MaxTokens = 60,
        }).ToArray();
        var alone = new List<int[]>();
        foreach (var request in requests)
        {
            alone.Add(await TokensOf(plain, request));
        }

        Assert.Equal(alone, await Task.WhenAll(requests.Select(request => TokensOf(guessing, request))));
        Assert.True(guessing.Engine.Counters.DraftedTokens > guessing.Engine.Counters.AcceptedTokens);
    }

    private static async Task<int[]> PromptAsync(InProcessWorker worker, string text) =>
        [.. (await worker.TokenizeAsync(new Inference.V1.TokenizeRequest { Text = text })).TokenIds];

    private static Task<int[]> TokensOf(InProcessWorker worker, GenerationRequest request) => TokensOf(worker.Engine.Submit(request));

    private static async Task<int[]> TokensOf(Generation generation)
    {
        var tokens = new List<int>();
        while (await generation.WaitToReadAsync(TestContext.Current.CancellationToken))
        {
            while (generation.TryRead(out var token))
            {
                tokens.Add(token.Id);
            }
        }

        return [.. tokens];
    }
}
