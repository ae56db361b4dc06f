using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Serving;
using FleetOps.InferenceWorker.State;
using FleetOps.LlamaCpp;
using FleetOps.LlamaCpp.Chat;
using FleetOps.LlamaCpp.Models;
using Google.Protobuf;
using Grpc.Core;

namespace FleetOps.InferenceWorker.Services;

/// <summary>The Inference service. Tokenizing, templates and text run on the threads of the calls; only tokens go to the engine.</summary>
internal sealed class InferenceService(ModelRegistry models, WorkerState state, GenerationCall calls) : Inference.V1.Inference.InferenceBase
{
    /// <inheritdoc/>
    public override Task Generate(GenerateRequest request, IServerStreamWriter<GenerateResponse> responseStream, ServerCallContext context)
    {
        var served = RequireServing();
        var vocabulary = served.Model.Vocabulary;
        var violations = new FieldViolations();
        var options = RequestOptions.Read(request.Sampling, request.Stop, request.Output, served.DefaultSampling, vocabulary.Count, violations);
        var prompt = ReadPrompt(request, vocabulary, violations);
        violations.ThrowIfAny();
        return calls.RunAsync(served, options, prompt, ResponseShapes.Generate, responseStream, context);
    }

    /// <inheritdoc/>
    public override Task Chat(ChatRequest request, IServerStreamWriter<ChatResponse> responseStream, ServerCallContext context)
    {
        var served = RequireServing();
        var template = served.Template
            ?? throw RpcErrors.FailedPrecondition("chat_template", "The model brings no chat template, so it cannot chat. Use Generate, or a model whose GGUF has tokenizer.chat_template.");
        var violations = new FieldViolations();
        var options = RequestOptions.Read(request.Sampling, request.Stop, request.Output, served.DefaultSampling, served.Model.Vocabulary.Count, violations);
        CheckMessages(request, violations);
        violations.ThrowIfAny();

        var rendered = Render(template, request);
        var prompt = served.Model.Vocabulary.Tokenize(rendered.Text, addSpecial: true, parseSpecial: true);
        options = options with { StopStrings = [.. options.StopStrings, .. rendered.AdditionalStops] };
        return calls.RunAsync(served, options, prompt, ResponseShapes.Chat, responseStream, context);
    }

    /// <inheritdoc/>
    public override Task<TokenizeResponse> Tokenize(TokenizeRequest request, ServerCallContext context)
    {
        var vocabulary = RequireServing().Model.Vocabulary;
        var addSpecial = !request.HasAddSpecial || request.AddSpecial;
        var parseSpecial = !request.HasParseSpecial || request.ParseSpecial;
        var tokens = vocabulary.Tokenize(request.Text, addSpecial, parseSpecial);
        var response = new TokenizeResponse { TokenIds = { tokens } };
        if (request.WithPieces)
        {
            response.Pieces.AddRange(tokens.Select(token => ByteString.CopyFrom(vocabulary.TokenToPiece(token, special: true))));
        }

        return Task.FromResult(response);
    }

    /// <inheritdoc/>
    public override Task<EmbedResponse> Embed(EmbedRequest request, ServerCallContext context) =>
        throw RpcErrors.FailedPrecondition("embeddings", "The model is served to generate text; it gives no embeddings. Ask a server of an embedding model.");

    /// <inheritdoc/>
    public override Task<RerankResponse> Rerank(RerankRequest request, ServerCallContext context) =>
        throw RpcErrors.FailedPrecondition("rerank", "The model is served to generate text; it has no classifier that could rank documents. Ask a server of a reranker model.");

    /// <inheritdoc/>
    public override Task<DetokenizeResponse> Detokenize(DetokenizeRequest request, ServerCallContext context)
    {
        var vocabulary = RequireServing().Model.Vocabulary;
        var violations = new FieldViolations();
        RequestOptions.CheckTokens("token_ids", request.TokenIds, vocabulary.Count, violations);
        violations.ThrowIfAny();
        return Task.FromResult(new DetokenizeResponse { Text = vocabulary.Detokenize([.. request.TokenIds], request.Special) });
    }

    /// <inheritdoc/>
    public override Task<ApplyTemplateResponse> ApplyTemplate(ApplyTemplateRequest request, ServerCallContext context) =>
        throw RpcErrors.Unimplemented("ApplyTemplate is not answered by this version.");

    private static int[] ReadPrompt(GenerateRequest request, LlamaVocabulary vocabulary, FieldViolations violations)
    {
        switch (request.PromptCase)
        {
            case GenerateRequest.PromptOneofCase.Text:
                var addSpecial = !request.HasAddSpecial || request.AddSpecial;
                var parseSpecial = !request.HasParseSpecial || request.ParseSpecial;
                var tokens = vocabulary.Tokenize(request.Text, addSpecial, parseSpecial);
                if (tokens.Length == 0)
                {
                    violations.Add("text", "gives no token; there is nothing to continue.");
                }

                return tokens;
            case GenerateRequest.PromptOneofCase.Tokens:
                if (request.Tokens.Ids.Count == 0)
                {
                    violations.Add("tokens.ids", "is empty; there is nothing to continue.");
                }

                RequestOptions.CheckTokens("tokens.ids", request.Tokens.Ids, vocabulary.Count, violations);
                return [.. request.Tokens.Ids];
            default:
                violations.Add("prompt", "is missing; set text or tokens.");
                return [];
        }
    }

    private static ChatPrompt Render(ConversationTemplate template, ChatRequest request)
    {
        try
        {
            return template.Render(request.Messages);
        }
        catch (LlamaException exception) when (exception.Fault == LlamaFault.TemplateFailed)
        {
            throw RpcErrors.InvalidArgument("messages", exception.Message);
        }
    }

    private static void CheckMessages(ChatRequest request, FieldViolations violations)
    {
        if (request.Messages.Count == 0)
        {
            violations.Add("messages", "is empty; a conversation has at least one message.");
        }

        for (var i = 0; i < request.Messages.Count; i++)
        {
            if (request.Messages[i].Role.Length == 0)
            {
                violations.Add($"messages[{i}].role", "is empty; it must be system, user, assistant or another role of the model's template.");
            }
        }
    }

    private ServedModel RequireServing()
    {
        var phase = state.Phase;
        return models.Serving
            ?? throw RpcErrors.Unavailable(phase is WorkerPhase.Stopped or WorkerPhase.Failed ? "ENDED" : "LOADING", $"The worker is {phase}; it answers when it is Serving.");
    }
}
