using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Engine;
using FleetOps.InferenceWorker.Engine.Embedding;
using FleetOps.InferenceWorker.Serving;
using FleetOps.InferenceWorker.Telemetry;
using FleetOps.LlamaCpp.Models;
using Grpc.Core;

namespace FleetOps.InferenceWorker.Services;

/// <summary>Takes a request for embeddings or a ranking through the engine that computes both.</summary>
internal sealed class EmbeddingCall(TimeProvider clock)
{
    private const int MaxInputs = 2048;
    private const int MaxDocuments = 1024;

    /// <summary>Answers Embed.</summary>
    /// <exception cref="RpcException">The request is wrong, was refused or cancelled, or the model gives no embeddings.</exception>
    public async Task<EmbedResponse> EmbedAsync(EmbedRequest request, ServedModel served, ServerCallContext context, RequestRecord record)
    {
        record.Inputs = request.Inputs.Count;
        if (!served.Capabilities.Embeds)
        {
            throw RpcErrors.FailedPrecondition("embeddings", $"The model {served.Model.Name} {Purpose(served)} and gives no embeddings. Ask a server of an embedding model, or serve this one with --pooling.");
        }

        var engine = served.Embedding!;
        var violations = new FieldViolations();
        CallMetadata.Read(context, violations);
        violations.RequireRange("inputs", request.Inputs.Count, 1, MaxInputs);
        violations.RequireRange("dimensions", request.HasDimensions ? request.Dimensions : null, 1, engine.Width);
        violations.ThrowIfAny();
        var inputs = request.Inputs.Select((input, i) => Read(input, i, served.Model.Vocabulary, violations)).ToArray();
        violations.ThrowIfAny();

        var results = await ComputeAsync(record, engine, inputs, "input", context);
        var response = new EmbedResponse { PromptTokens = results.Sum(static result => result.Tokens) };
        var width = request.HasDimensions ? request.Dimensions : engine.Width;
        foreach (var result in results)
        {
            response.Embeddings.Add(Shape(result.Values, engine.Width, width, normalize: !request.HasNormalize || request.Normalize));
        }

        return response;
    }

    /// <summary>Answers Rerank.</summary>
    /// <exception cref="RpcException">The request is wrong, was refused or cancelled, or the model ranks nothing.</exception>
    public async Task<RerankResponse> RerankAsync(RerankRequest request, ServedModel served, ServerCallContext context, RequestRecord record)
    {
        record.Inputs = request.Documents.Count;
        if (!served.Capabilities.Ranks)
        {
            throw RpcErrors.FailedPrecondition("rerank", $"The model {served.Model.Name} {Purpose(served)} and has no classifier that could rank documents. Ask a server of a reranker.");
        }

        var violations = new FieldViolations();
        CallMetadata.Read(context, violations);
        if (request.Query.Length == 0)
        {
            violations.Add("query", "is empty; there is nothing to rank by.");
        }

        violations.RequireRange("documents", request.Documents.Count, 1, MaxDocuments);
        violations.RequireRange("top_n", request.HasTopN ? request.TopN : null, 1, int.MaxValue);
        violations.ThrowIfAny();

        var prompts = new RerankPrompt(served.Model, request.Query);
        var results = await ComputeAsync(record, served.Embedding!, [.. request.Documents.Select(prompts.With)], "document", context);
        var response = new RerankResponse { PromptTokens = results.Sum(static result => result.Tokens) };
        response.Documents.AddRange(results
            .Select(static (result, i) => new RankedDocument { Index = i, Score = result.Values[0] })
            .OrderByDescending(static document => document.Score)
            .Take(request.HasTopN ? request.TopN : int.MaxValue));
        return response;
    }

    private static string Purpose(ServedModel served) => served.Capabilities switch
    {
        { Ranks: true } => "ranks documents",
        { Embeds: true } => "computes embeddings",
        _ => "is served to generate text",
    };

    private static int[] Read(EmbedInput input, int index, LlamaVocabulary vocabulary, FieldViolations violations)
    {
        switch (input.InputCase)
        {
            case EmbedInput.InputOneofCase.Text:
                var tokens = vocabulary.Tokenize(input.Text, addSpecial: true, parseSpecial: false);
                if (tokens.Length == 0)
                {
                    violations.Add($"inputs[{index}].text", "gives no token; there is nothing to embed.");
                }

                return tokens;
            case EmbedInput.InputOneofCase.Tokens:
                if (input.Tokens.Ids.Count == 0)
                {
                    violations.Add($"inputs[{index}].tokens.ids", "is empty; there is nothing to embed.");
                }

                RequestOptions.CheckTokens($"inputs[{index}].tokens.ids", input.Tokens.Ids, vocabulary.Count, violations);
                return [.. input.Tokens.Ids];
            default:
                violations.Add($"inputs[{index}]", "is missing; set text or tokens.");
                return [];
        }
    }

    private static Embedding Shape(float[] values, int width, int dimensions, bool normalize)
    {
        var embedding = new Embedding { Vectors = values.Length / width };
        for (var start = 0; start < values.Length; start += width)
        {
            var vector = values.AsSpan(start, dimensions);
            embedding.Values.AddRange(normalize ? EmbeddingResult.Normalize(vector) : vector.ToArray());
        }

        return embedding;
    }

    private async Task<IReadOnlyList<EmbeddingResult>> ComputeAsync(RequestRecord record, EmbeddingEngine engine, int[][] inputs, string kind, ServerCallContext context)
    {
        record.PromptTokens = inputs.Sum(static input => input.Length);
        if (Array.FindIndex(inputs, input => input.Length > engine.Settings.MaxInputTokens) is var tooLong and not -1)
        {
            throw RpcErrors.InputTooLong(kind, tooLong, inputs[tooLong].Length, engine.Settings.MaxInputTokens);
        }

        try
        {
            await context.WriteResponseHeadersAsync(new Metadata { { RequestMetadata.RequestId, record.RequestId } });
            return await engine.EmbedAsync(inputs, context.CancellationToken);
        }
        catch (EngineRefusedException refused)
        {
            throw refused.Refusal == EngineRefusal.QueueFull
                ? RpcErrors.QueueFull(refused.Message, engine.RetryDelay)
                : RpcErrors.Unavailable("DRAINING", refused.Message);
        }
        catch (OperationCanceledException)
        {
            throw context.Deadline <= clock.GetUtcNow().UtcDateTime
                ? new RpcException(new Status(StatusCode.DeadlineExceeded, "The deadline passed before all was computed."))
                : new RpcException(new Status(StatusCode.Cancelled, "The call was cancelled."));
        }
        catch (InvalidOperationException)
        {
            throw RpcErrors.EngineFailed();
        }
    }
}
