using System.Collections.Concurrent;
using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Engine;
using FleetOps.InferenceWorker.Engine.Requests;
using FleetOps.InferenceWorker.Engine.Sampling;
using FleetOps.InferenceWorker.State;
using FleetOps.InferenceWorker.Tests.Fixtures;
using FleetOps.LlamaCpp.Sampling;
using FleetOps.TestModels;
using Grpc.Core;

namespace FleetOps.InferenceWorker.Tests.Engine;

public sealed class InferenceEngineTests
{
    [Fact]
    public async Task A_cancelled_sequence_frees_its_slot_for_the_one_that_waits()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random, options => options with { MaxSequences = 1 });
        var running = await worker.OccupyAsync();
        var waiting = worker.Enqueue();
        Assert.False(waiting.Admitted.IsCompleted);

        running.Cancel();
        Assert.True(await waiting.Admitted);
        Assert.Equal(EndCause.Cancelled, (await EndOf(running)).Cause);
        waiting.Cancel();
        await EndOf(waiting);
        Assert.Equal((0, 0, 0L), (worker.Engine.Running, worker.Engine.Waiting, worker.Engine.Counters.KvTokens));
    }

    [Fact]
    public async Task A_request_that_gives_up_in_the_queue_never_gets_a_slot()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random, options => options with { MaxSequences = 1 });
        var running = await worker.OccupyAsync();
        var waiting = worker.Enqueue();
        waiting.Cancel();
        Assert.False(await waiting.Admitted);
        Assert.Equal((EndCause.Cancelled, 0), ((await EndOf(waiting)).Cause, waiting.End!.SampledTokens));
        Assert.Equal(0, worker.Engine.Waiting);
        running.Cancel();
    }

    [Fact]
    public async Task A_reader_that_stops_does_not_hold_up_the_others_and_goes_on_when_it_reads_again()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random, options => options with { OutputCapacity = 4 });
        var slow = await worker.OccupyAsync();
        for (var i = 0; i < 3; i++)
        {
            var other = await worker.GenerateAsync(new GenerateRequest { Text = "others", Stop = new StopOptions { MaxTokens = 50, IgnoreEndOfGeneration = true } });
            Assert.Equal(50, other.Finish.Usage.CompletionTokens);
        }

        // It paused after as many tokens as the channel holds, and still has its slot.
        Assert.Equal(1, worker.Engine.Running);
        Assert.Equal(4, worker.Engine.Counters.KvTokens);
        var tokens = new List<int>();
        while (await slow.WaitToReadAsync(TestContext.Current.CancellationToken))
        {
            while (slow.TryRead(out var token))
            {
                tokens.Add(token.Id);
            }
        }

        Assert.Equal(EndCause.ContextFull, slow.End!.Cause);
        Assert.Equal(511, tokens.Count);
        var alone = worker.Engine.Submit(InProcessWorker.Endless());
        Assert.Equal(tokens, await TokensOf(alone));
    }

    [Fact]
    public async Task A_reader_that_stays_away_loses_its_slot()
    {
        await using var worker = await InProcessWorker.ServeAsync(
            ModelFiles.Random, options => options with { OutputCapacity = 4, SlowReaderTimeout = TimeSpan.FromMilliseconds(50) });
        var slow = await worker.OccupyAsync();
        await Until.HoldsAsync(() => slow.End is not null, "the sequence has ended");
        Assert.Equal(EndCause.SlowReader, slow.End!.Cause);
        Assert.Equal(0, worker.Engine.Running);
    }

    [Fact]
    public async Task A_long_prompt_does_not_stop_a_running_stream()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Slow);
        var batches = new ConcurrentQueue<int>();
        using var engine = ObservedEngine.Start(worker, batches.Enqueue, contextLength: 8192, batchTokens: 16);
        var stream = engine.Submit(InProcessWorker.Endless());
        Assert.True(await stream.WaitToReadAsync(TestContext.Current.CancellationToken));

        var prompt = Enumerable.Range(0, 1500).Select(i => 3 + (i % 200)).ToArray();
        await EndOf(engine.Submit(InProcessWorker.Endless(prompt) with { MaxTokens = 1 }));
        stream.Cancel();
        // 15 prompt tokens fit beside the stream's one, so its prompt took a hundred batches, in each of which the stream moved.
        var shared = batches.Where(tokens => tokens > 1).ToList();
        Assert.True(shared.Count >= 100, $"{shared.Count} batches");
        Assert.Equal(1500 + shared.Count, shared.Sum());
    }

    [Fact]
    public async Task A_long_prompt_beside_a_stream_is_computed_in_smaller_pieces_than_alone()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Slow, options => options with { ContextLength = 8192, OutputCapacity = 8192 });
        var prompt = Enumerable.Range(0, 4096).Select(i => 3 + (i % 200)).ToArray();
        var stream = worker.Engine.Submit(InProcessWorker.Endless());
        await Until.HoldsAsync(() => worker.Engine.Counters.SampledTokens > 50, "the stream runs");

        var before = worker.Engine.Counters.Batches;
        await EndOf(worker.Engine.Submit(InProcessWorker.Endless(prompt) with { MaxTokens = 1 }));
        var beside = worker.Engine.Counters.Batches - before;
        stream.Cancel();
        await EndOf(stream);

        before = worker.Engine.Counters.Batches;
        await EndOf(worker.Engine.Submit(InProcessWorker.Endless(prompt) with { MaxTokens = 1, Tenant = "another" }));
        Assert.Equal(4096 / 512, worker.Engine.Counters.Batches - before);
        Assert.True(beside > 2 * 4096 / 512, $"{beside} batches beside the stream");
    }

    [Fact]
    public async Task A_prompt_that_fits_into_a_batch_is_not_cut_beside_a_stream()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Slow);
        var batches = new ConcurrentQueue<int>();
        using var engine = ObservedEngine.Start(worker, batches.Enqueue, contextLength: 8192, batchTokens: 512);
        var stream = engine.Submit(InProcessWorker.Endless());
        await Until.HoldsAsync(() => batches.Count > 20, "the stream runs");

        await EndOf(engine.Submit(InProcessWorker.Endless([.. Enumerable.Range(0, 400).Select(i => 3 + (i % 200))]) with { MaxTokens = 1 }));
        stream.Cancel();
        Assert.Equal(401, batches.Max());
    }

    [Fact]
    public async Task A_request_that_would_wait_for_too_long_is_refused_at_once()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random, options => options with { MaxSequences = 1 });
        await EndOf(worker.Engine.Submit(InProcessWorker.Endless() with { MaxTokens = 20, LongestWait = TimeSpan.Zero }));
        var running = await worker.OccupyAsync();

        var refused = Assert.Throws<EngineRefusedException>(() => worker.Engine.Submit(InProcessWorker.Endless() with { LongestWait = TimeSpan.Zero }));
        Assert.Equal(EngineRefusal.WaitTooLong, refused.Refusal);
        Assert.True(refused.RetryAfter > TimeSpan.Zero);
        var patient = worker.Engine.Submit(InProcessWorker.Endless() with { LongestWait = TimeSpan.FromHours(1) });
        running.Cancel();
        Assert.True(await patient.Admitted);
    }

    [Fact]
    public async Task A_free_slot_goes_to_the_highest_priority()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random, options => options with { MaxSequences = 1 });
        var running = await worker.OccupyAsync();
        var usual = worker.Engine.Submit(InProcessWorker.Endless());
        var urgent = worker.Engine.Submit(InProcessWorker.Endless() with { Priority = 1 });
        running.Cancel();
        Assert.True(await urgent.Admitted);
        Assert.False(usual.Admitted.IsCompleted);
        urgent.Cancel();
        Assert.True(await usual.Admitted);
    }

    [Fact]
    public async Task Eight_at_once_say_what_each_says_alone()
    {
        await using var worker = await InProcessWorker.ServeAsync(
            ModelFiles.Random, options => options with { MaxSequences = 8, BatchTokens = 64, OutputCapacity = 4096 });
        var requests = Enumerable.Range(0, 24).Select(i => new GenerationRequest
        {
            Prompt = [1, .. Enumerable.Range(0, 1 + (i * 13 % 170)).Select(j => 3 + (((i * 31) + (j * j)) % 250))],
            Sampling = new SamplingSettings { Temperature = 0 },
            MaxTokens = 16 + i,
            IgnoreEndOfGeneration = true,
        }).ToList();

        var alone = new List<int[]>();
        foreach (var request in requests)
        {
            alone.Add(await TokensOf(worker.Engine.Submit(request)));
        }

        var together = await Task.WhenAll(requests.Select(worker.Engine.Submit).Select(TokensOf));
        Assert.All(alone.Zip(together), pair => Assert.Equal(pair.First, pair.Second));
        Assert.Equal((0, 0L), (worker.Engine.Running, worker.Engine.Counters.KvTokens));
    }

    [Fact]
    public async Task Cancelling_at_any_point_of_a_life_leaks_nothing_and_disturbs_nobody()
    {
        // Nobody reads from those that are given up: they stand still after so many tokens, and do not come to their own end before.
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random, options => options with { ContextLength = 2048, OutputCapacity = 64, MaxWaiting = 1000 });
        var steady = InProcessWorker.Endless(1, 70, 80, 90) with { MaxTokens = 200 };
        var alone = await TokensOf(worker.Engine.Submit(steady));

        var random = new Random(42);
        var kept = new List<Task<int[]>>();
        var dropped = new List<Generation>();
        var shared = Enumerable.Range(0, 150).Select(_ => random.Next(3, 380)).ToArray();
        for (var i = 0; i < 2000; i++)
        {
            if (i % 100 == 0)
            {
                kept.Add(TokensOf(worker.Engine.Submit(steady)));
            }

            // Half of them begin alike, so that some wait for one another's prompts.
            int[] prompt = [.. shared[..(random.Next(2) * 150)], .. Enumerable.Range(0, random.Next(1, 100)).Select(_ => random.Next(3, 380))];
            var victim = worker.Engine.Submit(InProcessWorker.Endless(prompt));
            dropped.Add(victim);
            var after = random.Next(4);
            if (after > 0 && await victim.Admitted)
            {
                for (var read = 0; read < after && await victim.WaitToReadAsync(TestContext.Current.CancellationToken); read++)
                {
                    victim.TryRead(out _);
                }
            }

            victim.Cancel();
            victim.Cancel();
        }

        Assert.All(await Task.WhenAll(dropped.Select(EndOf)), end => Assert.Equal(EndCause.Cancelled, end.Cause));
        Assert.All(await Task.WhenAll(kept), tokens => Assert.Equal(alone, tokens));
        var load = worker.Engine.Load;
        Assert.Equal((0, 0, 0L, 4), (load.Running, load.Waiting, load.KvTokens, load.FreeSlots));

        // What the slots are said to hold is what lies in the cache, cell by cell.
        worker.Engine.Stop();
        Assert.Equal(load.IdleKvTokens, Enumerable.Range(0, 4).Sum(slot => worker.Engine.Context.MemorySequenceMaxPosition(slot) + 1));
    }

    [Fact]
    public async Task Log_probabilities_come_with_each_token_and_sum_up_to_one()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random);
        var vocabulary = worker.Served.Model.Vocabulary.Count;
        var generation = worker.Engine.Submit(InProcessWorker.Endless(1, 40, 50) with { MaxTokens = 4, LogProbs = vocabulary + 1 });
        var tokens = new List<GeneratedToken>();
        while (await generation.WaitToReadAsync(TestContext.Current.CancellationToken))
        {
            while (generation.TryRead(out var token))
            {
                tokens.Add(token);
            }
        }

        Assert.Equal(4, tokens.Count);
        Assert.All(tokens, token =>
        {
            var top = token.LogProbs!.Top;
            Assert.Equal(new TokenLogProb(token.Id, token.LogProbs.LogProb), top[0]);
            Assert.Equal(Enumerable.Range(0, vocabulary), top.Select(one => one.Token).Order());
            Assert.Equal(top.OrderByDescending(one => one.LogProb), top);
            Assert.Equal(1, top.Sum(one => Math.Exp(one.LogProb)), 1e-4);
        });
    }

    [Fact]
    public async Task A_constraint_that_leaves_no_token_ends_its_request_with_the_reason_and_frees_its_slot()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random, options => options with { MaxSequences = 2 });
        int[] spellings = [ByteVocabulary.Token("q"), ByteVocabulary.Token("<0x71>")];
        using var grammar = new LlamaGrammar(worker.Served.Model, "root ::= [a-c] \"q\"");
        var sampling = new SamplingSettings { Temperature = 0, Grammar = grammar };
        var other = TokensOf(worker.Engine.Submit(InProcessWorker.Endless(1, 40) with { MaxTokens = 60 }));
        var failed = worker.Engine.Submit(new GenerationRequest
        {
            Prompt = [1, 50],
            Sampling = sampling with { LogitBias = [.. spellings.Select(token => new LlamaCpp.Sampling.LogitBias(token, float.NegativeInfinity))] },
        });

        var end = await EndOf(failed);
        Assert.Equal((EndCause.ConstraintFailed, 1), (end.Cause, end.SampledTokens));
        Assert.Contains("allows no token", end.Detail, StringComparison.Ordinal);
        Assert.Equal(60, (await other).Length);
        // The same slot and the same grammar serve the next one.
        var next = await EndOf(worker.Engine.Submit(new GenerationRequest { Prompt = [1, 50], Sampling = sampling }));
        Assert.Equal((EndCause.EndOfGeneration, 3), (next.Cause, next.SampledTokens));
        Assert.Equal((0, 2, 0L), (worker.Engine.Running, worker.Engine.Counters.FreeSlots, worker.Engine.Counters.KvTokens));
    }

    [Fact]
    public async Task A_fault_in_the_engine_ends_every_request_and_the_worker()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random, options => options with { MaxSequences = 1, OutputCapacity = 8 });
        var running = await worker.OccupyAsync();
        var inTheQueue = worker.Enqueue();
        using var call = worker.Client.Generate(new GenerateRequest { Text = "m" }, cancellationToken: TestContext.Current.CancellationToken);
        await Until.HoldsAsync(() => worker.Engine.Waiting == 2 && worker.Engine.Counters.KvTokens == 8, "one is paused and two wait");

        // The loop sleeps, so nobody is inside the context; its next decode meets a context that is gone.
        worker.Engine.Context.Dispose();
        Assert.True(running.TryRead(out _));

        Assert.Equal(EndCause.EngineFailed, (await EndOf(running)).Cause);
        Assert.Equal(EndCause.EngineFailed, (await EndOf(inTheQueue)).Cause);
        var error = await Assert.ThrowsAsync<RpcException>(() => Answer.ReadAsync(call));
        Assert.Equal(StatusCode.Internal, error.StatusCode);
        Assert.Equal(ExitCodes.Software, await worker.Completion);
        Assert.Equal((WorkerPhase.Failed, "EngineFailed"), (worker.State.Phase, worker.State.Describe(0, 0).Reason));
        Assert.Throws<EngineRefusedException>(() => worker.Engine.Submit(InProcessWorker.Endless()));
    }

    /// <summary>An engine of its own beside that of the worker, which tells of each of its batches.</summary>
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

    private static async Task<GenerationEnd> EndOf(Generation generation)
    {
        await TokensOf(generation);
        return generation.End!;
    }
}
