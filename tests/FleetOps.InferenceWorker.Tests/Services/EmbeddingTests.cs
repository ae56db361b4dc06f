using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Tests.Fixtures;
using FleetOps.LlamaCpp.Models;
using Google.Rpc;
using Grpc.Core;

namespace FleetOps.InferenceWorker.Tests.Services;

public sealed class EmbeddingTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Texts_become_vectors_of_length_one()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Encoder, Short);
        var tokens = worker.Served.Model.Vocabulary.Tokenize("the thing", addSpecial: true, parseSpecial: false);
        var response = await EmbedAsync(worker, new EmbedRequest
        {
            Inputs = { new EmbedInput { Text = "the thing" }, new EmbedInput { Text = "an other" }, new EmbedInput { Tokens = new TokenIds { Ids = { tokens } } } },
        });

        Assert.Equal(3, response.Embeddings.Count);
        Assert.All(response.Embeddings, embedding =>
        {
            Assert.Equal((64, 1), (embedding.Values.Count, embedding.Vectors));
            Assert.Equal(1, Math.Sqrt(embedding.Values.Sum(value => value * value)), 1e-4);
        });
        Assert.All(response.Embeddings[0].Values.Zip(response.Embeddings[2].Values), pair => Assert.Equal(pair.First, pair.Second, 1e-4));
        Assert.Contains(response.Embeddings[0].Values.Zip(response.Embeddings[1].Values), pair => Math.Abs(pair.First - pair.Second) > 1e-3);
        Assert.True(response.PromptTokens > 2 * tokens.Length);

        var raw = await EmbedAsync(worker, new EmbedRequest { Inputs = { new EmbedInput { Text = "the thing" } }, Normalize = false, Dimensions = 8 });
        Assert.Equal(8, raw.Embeddings[0].Values.Count);
        Assert.NotEqual(1, Math.Sqrt(raw.Embeddings[0].Values.Sum(value => value * value)), 1e-3);

        var info = await new Control.ControlClient(worker.Channel).GetModelInfoAsync(new GetModelInfoRequest(), cancellationToken: Cancellation);
        Assert.Equal((true, false, "mean", 64), (info.CanEmbed, info.CanRerank, info.Pooling, info.EmbeddingLength));
    }

    [Fact]
    public async Task Documents_are_ranked_by_their_score()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Ranker, Short);
        var request = new RerankRequest { Query = "the query", Documents = { "one", "another thing", "third" } };
        var response = await worker.Client.RerankAsync(request, cancellationToken: Cancellation);
        Assert.Equal([0, 1, 2], response.Documents.Select(document => document.Index).Order());
        Assert.Equal(response.Documents.OrderByDescending(document => document.Score), response.Documents);
        Assert.True(response.Documents[0].Score > response.Documents[2].Score);

        request.TopN = 1;
        Assert.Equal(response.Documents[0].Index, Assert.Single((await worker.Client.RerankAsync(request, cancellationToken: Cancellation)).Documents).Index);
    }

    [Fact]
    public async Task A_model_is_not_asked_for_what_it_cannot_do()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor);
        var embed = await Assert.ThrowsAsync<RpcException>(() => EmbedAsync(worker, new EmbedRequest { Inputs = { new EmbedInput { Text = "a" } } }));
        var rerank = await Assert.ThrowsAsync<RpcException>(async () => await worker.Client.RerankAsync(new RerankRequest { Query = "q", Documents = { "d" } }, cancellationToken: Cancellation));
        Assert.Equal((StatusCode.FailedPrecondition, StatusCode.FailedPrecondition), (embed.StatusCode, rerank.StatusCode));
    }

    [Fact]
    public async Task A_model_that_generates_embeds_too_when_a_pooling_is_given()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random, options => options with { Pooling = PoolingType.Last });
        Assert.Single((await EmbedAsync(worker, new EmbedRequest { Inputs = { new EmbedInput { Text = "a" } } })).Embeddings);
        Assert.Equal(3, (await worker.GenerateAsync(new GenerateRequest { Text = "a", Stop = new StopOptions { MaxTokens = 3, IgnoreEndOfGeneration = true } })).Finish.Usage.CompletionTokens);
    }

    [Fact]
    public async Task Wrong_inputs_are_refused_by_their_place()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Encoder, Short);
        foreach (var (field, request) in new (string, EmbedRequest)[]
        {
            ("inputs", new EmbedRequest()),
            ("inputs[1]", new EmbedRequest { Inputs = { new EmbedInput { Text = "a" }, new EmbedInput() } }),
            ("inputs[0].tokens.ids", new EmbedRequest { Inputs = { new EmbedInput { Tokens = new TokenIds() } } }),
            ("inputs[0].tokens.ids[0]", new EmbedRequest { Inputs = { new EmbedInput { Tokens = new TokenIds { Ids = { -5 } } } } }),
            ("dimensions", new EmbedRequest { Inputs = { new EmbedInput { Text = "a" } }, Dimensions = 65 }),
        })
        {
            var error = await Assert.ThrowsAsync<RpcException>(() => EmbedAsync(worker, request));
            Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
            Assert.Equal(field, Assert.Single(error.GetRpcStatus()!.GetDetail<BadRequest>()!.FieldViolations).Field);
        }

        var tooLong = await Assert.ThrowsAsync<RpcException>(() => EmbedAsync(worker, new EmbedRequest { Inputs = { new EmbedInput { Text = "a" }, new EmbedInput { Text = new string('x', 5000) } } }));
        Assert.Equal(StatusCode.OutOfRange, tooLong.StatusCode);
        Assert.Contains("input 1", tooLong.Status.Detail, StringComparison.Ordinal);
    }

    private static Serving.ServeOptions Short(Serving.ServeOptions options) => options with { ContextLength = null };

    private static async Task<EmbedResponse> EmbedAsync(InProcessWorker worker, EmbedRequest request) =>
        await worker.Client.EmbedAsync(request, cancellationToken: Cancellation);
}
