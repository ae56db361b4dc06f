using FleetOps.InferenceWorker.Engine.Requests;
using FleetOps.InferenceWorker.Tests.Fixtures;

namespace FleetOps.InferenceWorker.Tests.Engine;

public sealed class PrefixCacheTests
{
    [Fact]
    public async Task A_prompt_that_was_computed_before_is_not_computed_again_and_says_the_same()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random);
        var (first, firstEnd) = await RunAsync(worker, Text(150));
        var (second, secondEnd) = await RunAsync(worker, Text(150));

        Assert.Equal(first, second);
        Assert.Equal((0, 149), (firstEnd.CachedTokens, secondEnd.CachedTokens));
        Assert.Equal(149, worker.Engine.Counters.CachedPromptTokens);
    }

    [Fact]
    public async Task The_next_turn_of_a_chat_computes_only_what_is_new()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random);
        var prompt = Text(60);
        var expected = 0;
        for (var turn = 0; turn < 6; turn++)
        {
            var (answer, end) = await RunAsync(worker, prompt);
            Assert.Equal(expected, end.CachedTokens);
            Assert.Equal((await RunAsync(worker, prompt, tenant: $"alone {turn}")).Tokens, answer);

            // The last token that was said was never computed, because nothing follows it.
            expected = prompt.Length + answer.Length - 1;
            prompt = [.. prompt, .. answer, .. Text(10, seed: turn)];
        }
    }

    [Fact]
    public async Task What_several_have_in_common_is_computed_once_though_all_come_at_once()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random, options => options with { MaxSequences = 8, BatchTokens = 64 });
        var shared = Text(300);
        var prompts = Enumerable.Range(0, 8).Select(i => (int[])[.. shared, .. Text(20, seed: i)]).ToArray();
        var before = worker.Engine.Counters.PromptTokens;
        var answers = await Task.WhenAll(prompts.Select(prompt => RunAsync(worker, prompt)));

        Assert.Equal(300 + (8 * 20), worker.Engine.Counters.PromptTokens - before);
        Assert.Equal(7, answers.Count(answer => answer.End.CachedTokens == 300));
        for (var i = 0; i < prompts.Length; i++)
        {
            Assert.Equal((await RunAsync(worker, prompts[i], tenant: $"alone {i}")).Tokens, answers[i].Tokens);
        }
    }

    [Fact]
    public async Task Tenants_and_salts_share_nothing()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random);
        var (said, _) = await RunAsync(worker, Text(100), "one");
        foreach (var (tenant, salt) in new[] { ("two", ""), ("one", "salt"), ("", "one") })
        {
            var (tokens, end) = await RunAsync(worker, Text(100), tenant, salt);
            Assert.Equal(said, tokens);
            Assert.Equal(0, end.CachedTokens);
        }

        Assert.Equal(99, (await RunAsync(worker, Text(100), "one")).End.CachedTokens);
    }

    [Fact]
    public async Task When_the_one_that_computes_for_all_gives_up_another_goes_on_from_there()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random, options => options with { ContextLength = 2048, BatchTokens = 16 });
        var shared = Text(1500);
        using var haveCome = new ManualResetEventSlim();
        Generation? leader = null;
        var allHoldSlots = static () => false;
        var computed = 0;
        // The others come before its first batch is done, and it gives up when all hold slots and there is enough to go on from.
        using var engine = ObservedEngine.Start(worker, GiveUp, contextLength: 8192, batchTokens: 16);
        Generation[] followers;
        try
        {
            allHoldSlots = () => engine.Running == 4;
            leader = engine.Submit(Request([.. shared, 7], maxTokens: 500));
            followers = [.. Enumerable.Range(0, 3).Select(i => engine.Submit(Request([.. shared, 8 + i])))];
        }
        finally
        {
            haveCome.Set();
        }

        var answers = await Task.WhenAll(followers.Select(TokensOf));
        Assert.Equal(EndCause.Cancelled, leader.End!.Cause);
        Assert.All(followers, follower => Assert.True(follower.CachedTokens > 0));
        Assert.True(engine.Counters.PromptTokens <= 1500 + 1 + 3 + 16, $"{engine.Counters.PromptTokens} prompt tokens were computed");
        Assert.Equal((await RunAsync(worker, [.. shared, 9], "alone")).Tokens, answers[1]);

        void GiveUp(int tokens)
        {
            haveCome.Wait();
            computed += tokens;
            if (computed >= 500 && allHoldSlots())
            {
                leader!.Cancel();
            }
        }
    }

    [Fact]
    public async Task The_slot_that_was_idle_longest_is_overwritten_first()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random, options => options with { MaxSequences = 3 });
        foreach (var seed in new[] { 1, 2, 3, 1, 4 })
        {
            await RunAsync(worker, Text(80, seed));
        }

        Assert.Equal(79, (await RunAsync(worker, Text(80, 1))).End.CachedTokens);
        Assert.Equal(79, (await RunAsync(worker, Text(80, 3))).End.CachedTokens);
        Assert.Equal(0, (await RunAsync(worker, Text(80, 2))).End.CachedTokens);
    }

    [Fact]
    public async Task What_lay_between_running_requests_is_moved_and_found_again()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random, options => options with { OutputCapacity = 16 });
        // They stand still when nobody reads, and hold their slots.
        var first = worker.Engine.Submit(InProcessWorker.Endless(Text(10, seed: 1)));
        Assert.True(await first.Admitted);
        var middle = worker.Engine.Submit(InProcessWorker.Endless(Text(200, seed: 2)));
        Assert.True(await middle.Admitted);
        var last = worker.Engine.Submit(InProcessWorker.Endless(Text(10, seed: 3)));
        Assert.True(await last.Admitted);
        middle.Cancel();
        await TokensOf(middle);

        // Takes the slot between the two, and later goes on in it.
        var (said, _) = await RunAsync(worker, Text(150, seed: 4));
        var (found, end) = await RunAsync(worker, Text(200, seed: 2));
        Assert.Equal(199, end.CachedTokens);
        var (again, againEnd) = await RunAsync(worker, Text(150, seed: 4));
        Assert.Equal((149, string.Join(' ', said)), (againEnd.CachedTokens, string.Join(' ', again)));
        first.Cancel();
        last.Cancel();
        await Task.WhenAll(TokensOf(first), TokensOf(last));
        Assert.Equal((await RunAsync(worker, Text(200, seed: 2), "alone")).Tokens, found);
    }

    [Fact]
    public async Task A_model_that_cannot_take_tokens_back_computes_every_prompt_and_guesses_nothing()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Recurrent, options => options with { DraftTokens = 4 });
        Assert.False(worker.Served.Model.KeepsEachToken);
        int[] prompt = [.. Text(40), .. Text(40), .. Text(40)];
        var (first, _) = await RunAsync(worker, prompt);
        Assert.Equal(12, first.Length);
        var others = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => RunAsync(worker, prompt)));
        Assert.All(others, other => Assert.Equal((string.Join(' ', first), 0), (string.Join(' ', other.Tokens), other.End.CachedTokens)));
        var (longer, _) = await RunAsync(worker, [.. prompt, .. first, 5]);
        Assert.Equal((await RunAsync(worker, [.. prompt, .. first, 5], "alone")).Tokens, longer);
        Assert.Equal((0L, 0L, 0L), (worker.Engine.Counters.CachedPromptTokens, worker.Engine.Counters.DraftedTokens, worker.Engine.Counters.IdleKvTokens));
    }

    [Fact]
    public async Task What_is_shared_is_taken_from_a_request_that_still_runs()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random, options => options with { OutputCapacity = 4 });
        var running = worker.Engine.Submit(InProcessWorker.Endless(Text(100)));
        Assert.True(await running.WaitToReadAsync(TestContext.Current.CancellationToken));

        int[] prompt = [.. Text(100)[..90], .. Text(30, seed: 5)];
        var (tokens, end) = await RunAsync(worker, prompt, maxTokens: 4);
        Assert.Equal(90, end.CachedTokens);
        Assert.Equal((await RunAsync(worker, prompt, "alone", maxTokens: 4)).Tokens, tokens);
        running.Cancel();
    }

    private static int[] Text(int tokens, int seed = 0)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, tokens).Select(_ => random.Next(3, 380))];
    }

    private static GenerationRequest Request(int[] prompt, string tenant = "", string salt = "", int maxTokens = 12) =>
        InProcessWorker.Endless(prompt) with { MaxTokens = maxTokens, Tenant = tenant, CacheSalt = salt };

    private static async Task<(int[] Tokens, GenerationEnd End)> RunAsync(InProcessWorker worker, int[] prompt, string tenant = "", string salt = "", int maxTokens = 12)
    {
        var generation = worker.Engine.Submit(Request(prompt, tenant, salt, Math.Min(maxTokens, worker.Engine.Settings.OutputCapacity)));
        return (await TokensOf(generation), generation.End!);
    }

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
