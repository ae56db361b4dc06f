using System.Text.Json;
using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Engine;
using FleetOps.InferenceWorker.Engine.Embedding;
using FleetOps.InferenceWorker.Serving;
using FleetOps.InferenceWorker.State;
using FleetOps.InferenceWorker.Tests.Fixtures;
using FleetOps.LlamaCpp.Models;
using FleetOps.ModelStore.Sources;
using FleetOps.TestModels;
using Grpc.Core;

namespace FleetOps.InferenceWorker.Tests.Embedding;

public sealed class EmbeddingEngineTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fleetops-embedding").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Many_requests_at_once_get_what_each_gets_alone()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Encoder, Short);
        var engine = worker.Served.Embedding!;
        int[][] inputs = [.. Enumerable.Range(0, 40).Select(static i => Enumerable.Range(3 + i, 1 + (i * 7 % 60)).ToArray())];
        var alone = new List<float[]>();
        foreach (var input in inputs)
        {
            alone.Add(Assert.Single(await engine.EmbedAsync([input], Cancellation)).Values);
        }

        var together = await Task.WhenAll(inputs.Chunk(7).Select(part => engine.EmbedAsync(part, Cancellation)));

        var results = together.SelectMany(static part => part).ToArray();
        Assert.Equal(inputs.Select(static input => input.Length), results.Select(static result => result.Tokens));
        Assert.All(alone.Zip(results), static pair => Assert.Equal(1, Cosine(pair.First, pair.Second.Values), 1e-4));
        Assert.NotEqual(1, Cosine(alone[0], alone[1]), 1e-3);
        Assert.Equal(0, worker.Served.Waiting + worker.Served.Running);
    }

    [Fact]
    public async Task An_embedding_model_serves_embeddings_and_refuses_to_generate()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Encoder, Short);

        Assert.Equal(new ModelCapabilities(Generates: false, Embeds: true, Ranks: false), worker.Served.Capabilities);
        Assert.Equal((PoolingType.Mean, 64), (worker.Served.Embedding!.Pooling, worker.Served.Embedding.Width));
        Assert.Equal(EncoderModel.ContextLength, worker.State.Model!.ContextLength);
        var error = await Assert.ThrowsAsync<RpcException>(() => worker.GenerateAsync(new GenerateRequest { Text = "m" }));
        Assert.Equal(StatusCode.FailedPrecondition, error.StatusCode);
        Assert.Contains("embeddings", error.Status.Detail, StringComparison.Ordinal);
        var state = JsonDocument.Parse(await worker.Http.GetStringAsync("/state", Cancellation)).RootElement;
        Assert.Equal("Serving", state.GetProperty("phase").GetString());
        Assert.Equal(0, await worker.StopAsync());
    }

    [Fact]
    public async Task A_reranker_puts_query_and_document_together_and_scores_them()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Ranker, Short);
        var vocabulary = worker.Served.Model.Vocabulary;
        var prompt = new RerankPrompt(worker.Served.Model, "abc").With("x<s>");

        Assert.Equal(new ModelCapabilities(Generates: false, Embeds: false, Ranks: true), worker.Served.Capabilities);
        Assert.Equal(
            [vocabulary.BeginOfSequence!.Value, .. vocabulary.Tokenize("abc", false, false), vocabulary.EndOfSequence!.Value, .. vocabulary.Tokenize("x<s>", false, false), vocabulary.EndOfSequence.Value],
            prompt);
        Assert.Single(prompt, vocabulary.BeginOfSequence.Value);
        Assert.InRange(Assert.Single(Assert.Single(await worker.Served.Embedding!.EmbedAsync([prompt], Cancellation)).Values), -1, 1);
    }

    [Fact]
    public async Task A_model_that_generates_embeds_too_when_asked_for_a_pooling()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor, options => options with { Pooling = PoolingType.Last });

        Assert.Equal(new ModelCapabilities(Generates: true, Embeds: true, Ranks: false), worker.Served.Capabilities);
        var vector = Assert.Single(await worker.Served.Embedding!.EmbedAsync([worker.Served.Model.Vocabulary.Tokenize("m", true, false)], Cancellation)).Values;
        Assert.Equal(ByteVocabulary.Token("m"), Array.IndexOf(vector, vector.Max()));
        Assert.Equal("nopqrstuvwxyz", (await worker.GenerateAsync(new GenerateRequest { Text = "m", Sampling = new SamplingOptions { Temperature = 0 } })).Text);
    }

    [Fact]
    public async Task A_model_that_only_generates_has_no_embeddings()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor);

        Assert.Equal(new ModelCapabilities(Generates: true, Embeds: false, Ranks: false), worker.Served.Capabilities);
        Assert.Null(worker.Served.Embedding);
    }

    [Fact]
    public async Task Without_pooling_each_token_has_a_vector()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Encoder, options => Short(options) with { Pooling = PoolingType.None });
        var result = Assert.Single(await worker.Served.Embedding!.EmbedAsync([[1, 2, 3]], Cancellation));

        Assert.Equal(3 * worker.Served.Embedding.Width, result.Values.Length);
        Assert.NotEqual(result.Values[..64], result.Values[64..128]);
    }

    [Fact]
    public async Task Inputs_that_would_end_the_process_are_refused()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Encoder, Short);
        var engine = worker.Served.Embedding!;

        await Assert.ThrowsAsync<ArgumentException>(() => engine.EmbedAsync([[1], []], Cancellation));
        await Assert.ThrowsAsync<ArgumentException>(() => engine.EmbedAsync([new int[EncoderModel.ContextLength + 1]], Cancellation));
        await Assert.ThrowsAsync<ArgumentException>(() => engine.EmbedAsync([[-1]], Cancellation));
        await Assert.ThrowsAsync<ArgumentException>(() => engine.EmbedAsync([[ByteVocabulary.Count]], Cancellation));
        Assert.Empty(await engine.EmbedAsync([], Cancellation));
        Assert.Single(await engine.EmbedAsync([new int[EncoderModel.ContextLength]], Cancellation));
    }

    [Fact]
    public async Task Who_gives_up_leaves_nothing_behind()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Encoder, Short);
        var engine = worker.Served.Embedding!;
        int[][] inputs = [.. Enumerable.Repeat(Enumerable.Range(1, 100).ToArray(), 5000)];
        using var giveUp = new CancellationTokenSource();
        var abandoned = engine.EmbedAsync(inputs, giveUp.Token);
        await giveUp.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => abandoned);
        Assert.Single(await engine.EmbedAsync([[1]], Cancellation));
        await Until.HoldsAsync(() => worker.Served is { Waiting: 0, Running: 0 }, "nothing is computed any more");
    }

    [Fact]
    public async Task A_drain_ends_what_runs_and_takes_no_more()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Encoder, Short);
        var engine = worker.Served.Embedding!;
        var running = engine.EmbedAsync([.. Enumerable.Repeat(Enumerable.Range(1, 100).ToArray(), 20)], Cancellation);

        await engine.DrainAsync();

        Assert.Equal(20, (await running).Count);
        Assert.Equal(EngineRefusal.Closed, (await Assert.ThrowsAsync<EngineRefusedException>(() => engine.EmbedAsync([[1]], Cancellation))).Refusal);
        engine.Stop();
    }

    [Theory]
    [InlineData("encoder", null, null, "InvalidConfiguration", "--pooling Mean, Cls or Last")]
    [InlineData("encoder", 1, PoolingType.Rank, "InvalidConfiguration", "no classifier")]
    [InlineData("encoder", 4, null, "InvalidGguf", "no classifier")]
    public async Task A_pooling_that_cannot_be_is_told(string name, int? pooling, PoolingType? asked, string reason, string words)
    {
        var file = Path.Combine(_folder, name + ".gguf");
        EncoderModel.Write(file, pooling);
        await using var worker = await InProcessWorker.StartAsync(ModelSource.Parse($"file://{file}"), options => Short(options) with { Pooling = asked });

        await worker.State.WaitForAsync(static phase => phase == WorkerPhase.Failed, Cancellation);

        var state = worker.State.Describe(0, 0);
        Assert.Equal(reason, state.Reason);
        Assert.Contains(words, state.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_normalised_vector_has_length_1()
    {
        Assert.Equal([0.6f, -0.8f], EmbeddingResult.Normalize([3f, -4f]));
        Assert.Equal([0f, 0f], EmbeddingResult.Normalize([0f, 0f]));
    }

    private static ServeOptions Short(ServeOptions options) => options with { ContextLength = null };

    private static double Cosine(float[] left, float[] right) =>
        EmbeddingResult.Normalize(left).Zip(EmbeddingResult.Normalize(right)).Sum(static pair => (double)pair.First * pair.Second);
}
