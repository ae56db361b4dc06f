using FleetOps.InferenceWorker.Engine;
using FleetOps.InferenceWorker.Engine.Requests;
using FleetOps.InferenceWorker.Tests.Fixtures;
using FleetOps.LlamaCpp.Contexts;
using FleetOps.TestModels;

namespace FleetOps.InferenceWorker.Tests.Engine;

public sealed class AdapterBatchingTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fleetops-adapters").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Requests_of_several_adapters_run_at_once_and_each_says_what_it_says_alone()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random, options => options with { MaxSequences = 6, OutputCapacity = 1024 });
        worker.Served.Adapters.Load("one", Write("one.gguf", seed: 1), scale: 4);
        worker.Served.Adapters.Load("two", Write("two.gguf", seed: 2), scale: 4);
        var requests = Enumerable.Range(0, 12).Select(i => InProcessWorker.Endless([.. Enumerable.Range(0, 40 + (i / 3)).Select(j => 3 + (j * 7 % 300))]) with
        {
            AdapterName = (i % 3) switch { 0 => null, 1 => "one", _ => "two" },
            MaxTokens = 40,
        }).ToArray();
        var alone = new List<int[]>();
        foreach (var request in requests)
        {
            alone.Add(await TokensOf(worker.Engine.Submit(request with { Tenant = "alone" })));
        }

        // The adapters do something, or this would show nothing.
        Assert.Equal(3, alone.Take(3).Select(tokens => string.Join(',', tokens)).Distinct().Count());
        Assert.Equal(alone, await Task.WhenAll(requests.Select(request => TokensOf(worker.Engine.Submit(request)))));
    }

    [Fact]
    public async Task A_prompt_is_not_shared_with_another_adapter_though_it_has_the_name_of_the_first()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random);
        var request = InProcessWorker.Endless([.. Enumerable.Range(3, 100)]) with { AdapterName = "same", MaxTokens = 8 };
        worker.Served.Adapters.Load("same", Write("one.gguf", seed: 1), scale: 4);
        var first = worker.Engine.Submit(request);
        await TokensOf(first);
        var again = worker.Engine.Submit(request);
        await TokensOf(again);
        Assert.Equal((0, 99), (first.CachedTokens, again.CachedTokens));

        worker.Served.Adapters.Unload("same");
        worker.Served.Adapters.Load("same", Write("two.gguf", seed: 2), scale: 4);
        var other = worker.Engine.Submit(request);
        await TokensOf(other);
        Assert.Equal(0, other.CachedTokens);
    }

    [Fact]
    public async Task A_stream_of_another_adapter_moves_while_many_run()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random);
        worker.Served.Adapters.Load("rare", Write("rare.gguf", seed: 1));
        Generation? rare = null;
        var batches = 0;
        var context = new LlamaContext(worker.Served.Model, new ContextParameters { ContextLength = 2048, MaxSequences = 6, BatchSize = 512, Threads = 1 });
        using var engine = new InferenceEngine(
            worker.Served.Model, context, new EngineSettings { MaxSequences = 6, ContextLength = 2048, OutputCapacity = 4096 }, TimeProvider.System, CountBatch, worker.Served.Adapters);
        engine.Start();
        var many = Enumerable.Range(0, 5).Select(_ => engine.Submit(InProcessWorker.Endless())).ToArray();
        await Task.WhenAll(many.Select(one => one.Admitted));
        Volatile.Write(ref rare, engine.Submit(InProcessWorker.Endless() with { AdapterName = "rare", MaxTokens = 50 }));
        Assert.Equal(50, (await TokensOf(rare)).Length);

        // Turns are of equal length, so it had about every second batch.
        Assert.True(batches <= 150, $"{batches} batches");
        Assert.All(many, one => one.Cancel());

        // On the engine's own thread, so no batch is missed or counted too much.
        void CountBatch(int tokens) => batches += Volatile.Read(ref rare) is { Admitted.IsCompleted: true, End: null } ? 1 : 0;
    }

    [Fact]
    public async Task An_adapter_stays_while_its_request_runs_and_an_unknown_one_is_refused()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random, options => options with { MaxSequences = 1, OutputCapacity = 4 });
        worker.Served.Adapters.Load("one", Write("one.gguf", seed: 1));
        var running = worker.Engine.Submit(InProcessWorker.Endless() with { AdapterName = "one" });
        Assert.True(await running.Admitted);
        Assert.True(worker.Served.Adapters.Unload("one"));
        Assert.True((await TokensOf(running)).Length > 4);

        var refused = Assert.Throws<EngineRefusedException>(() => worker.Engine.Submit(InProcessWorker.Endless() with { AdapterName = "one" }));
        Assert.Equal(EngineRefusal.UnknownAdapter, refused.Refusal);
    }

    private string Write(string name, ulong seed)
    {
        var path = Path.Combine(_folder, name);
        LoraAdapter.WriteRandom(path, seed: seed);
        return path;
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
