using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Serving;
using FleetOps.InferenceWorker.State;
using FleetOps.InferenceWorker.Telemetry;
using FleetOps.LlamaCpp;
using FleetOps.LlamaCpp.Chat;
using FleetOps.LlamaCpp.Models;
using FleetOps.LlamaCpp.Sampling;
using Google.Protobuf;
using Grpc.Core;

namespace FleetOps.InferenceWorker.Services;

/// <summary>The Inference service. Tokenizing, templates and text run on the threads of the calls; only tokens go to the engine.</summary>
internal sealed class InferenceService(
    ModelRegistry models, WorkerState state, GenerationCall calls, EmbeddingCall embeddings, RequestRecorder recorder) : Inference.V1.Inference.InferenceBase
{
    /// <inheritdoc/>
    public override Task Generate(GenerateRequest request, IServerStreamWriter<GenerateResponse> responseStream, ServerCallContext context) =>
        recorder.RunAsync(Operations.TextCompletion, context, record => GenerateAsync(request, responseStream, context, record));

    /// <inheritdoc/>
    public override Task Chat(ChatRequest request, IServerStreamWriter<ChatResponse> responseStream, ServerCallContext context) =>
        recorder.RunAsync(Operations.Chat, context, record => ChatAsync(request, responseStream, context, record));

    /// <inheritdoc/>
    public override Task<TokenizeResponse> Tokenize(TokenizeRequest request, ServerCallContext context)
    {
        var served = RequireServing();
        var vocabulary = served.Model.Vocabulary;
        var tokens = request.Conversation is { } conversation ? Tokenize(conversation, request.Text, served) : vocabulary.Tokenize(
            request.Text,
            addSpecial: !request.HasAddSpecial || request.AddSpecial,
            parseSpecial: !request.HasParseSpecial || request.ParseSpecial);
        var response = new TokenizeResponse { TokenIds = { tokens } };
        if (request.WithPieces)
        {
            response.Pieces.AddRange(tokens.Select(token => ByteString.CopyFrom(vocabulary.TokenToPiece(token, special: true))));
        }

        return Task.FromResult(response);
    }

    /// <inheritdoc/>
    public override Task<EmbedResponse> Embed(EmbedRequest request, ServerCallContext context) =>
        recorder.RunAsync(Operations.Embeddings, context, record =>
        {
            NoteText(record, request.Inputs.Select(static input => input.Text));
            return embeddings.EmbedAsync(request, RequireServing(), context, record);
        });

    /// <inheritdoc/>
    public override Task<RerankResponse> Rerank(RerankRequest request, ServerCallContext context) =>
        recorder.RunAsync(Operations.Rerank, context, record =>
        {
            NoteText(record, request.Documents.Prepend(request.Query));
            return embeddings.RerankAsync(request, RequireServing(), context, record);
        });

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
    public override Task<ApplyTemplateResponse> ApplyTemplate(ApplyTemplateRequest request, ServerCallContext context)
    {
        var served = RequireServing();
        var violations = new FieldViolations();
        var chat = request.Chat ?? new ChatRequest();
        var options = RequestOptions.Read(chat, served, violations);
        var rendered = Render(chat, served, violations);
        return Task.FromResult(new ApplyTemplateResponse
        {
            Prompt = rendered.Text,
            PromptTokens = Tokens(rendered, served).Length,
            StopStrings = { rendered.AdditionalStops.Except(options.StopStrings) },
            Grammar = rendered.Grammar,
        });
    }

    private Task GenerateAsync(GenerateRequest request, IServerStreamWriter<GenerateResponse> responses, ServerCallContext context, RequestRecord record)
    {
        var served = RequireGenerating();
        var violations = new FieldViolations();
        var options = RequestOptions.Read(request, served, violations);
        NoteText(record, [request.Text]);
        var prompt = ReadPrompt(request, served.Model.Vocabulary, violations);
        var call = CallMetadata.Read(context, violations);
        violations.ThrowIfAny();
        if (request.Tokens is not null)
        {
            NoteTokens(record, prompt, served.Model.Vocabulary);
        }

        var grammar = ConstraintReader.Read(request.Constraint, served.Model, violations);
        violations.ThrowIfAny();
        return calls.RunAsync(served, new GenerationPlan(call, options, prompt, grammar), ResponseShapes.Generate, responses, context, record);
    }

    private async Task ChatAsync(ChatRequest request, IServerStreamWriter<ChatResponse> responses, ServerCallContext context, RequestRecord record)
    {
        var served = RequireGenerating();
        var template = RequireTemplate(served);
        var violations = new FieldViolations();
        var options = RequestOptions.Read(request, served, violations);
        var call = CallMetadata.Read(context, violations);
        ChatReader.Check(request, violations);
        violations.ThrowIfAny();
        var constraint = ConstraintReader.Read(request.Constraint, served.Model, violations);
        violations.ThrowIfAny();
        var rendered = ChatReader.Render(request, template);
        NoteText(record, [rendered.Text]);
        var vocabulary = served.Model.Vocabulary;
        var plan = new GenerationPlan(call, options, Tokens(rendered, served), GrammarOf(rendered, constraint, served.Model))
        {
            StopStrings = [.. options.StopStrings, .. rendered.AdditionalStops],
            SpelledTokens = rendered.PreservedTokens
                .Select(text => vocabulary.Tokenize(text, addSpecial: false, parseSpecial: true))
                .Where(static tokens => tokens.Length == 1)
                .Select(static tokens => tokens[0])
                .ToHashSet(),
        };
        using var parser = rendered.IsPlain ? null : new ChatParser(rendered);
        await calls.RunAsync(served, plan, ResponseShapes.Chat(rendered, parser), responses, context, record);
    }

    private static void NoteText(RequestRecord record, IEnumerable<string> texts)
    {
        if (record.KeepsText)
        {
            record.Prompt = LoggedText.Of(string.Join('\n', texts));
        }
    }

    private static void NoteTokens(RequestRecord record, int[] tokens, LlamaVocabulary vocabulary)
    {
        if (record.KeepsText)
        {
            record.Prompt = LoggedText.Of(vocabulary.Detokenize(tokens, special: true));
        }
    }

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

    private static int[] Tokenize(ChatRequest conversation, string text, ServedModel served)
    {
        var violations = new FieldViolations();
        if (text.Length > 0)
        {
            violations.Add("text", "is set together with conversation. Leave one of the two out.");
        }

        return Tokens(Render(conversation, served, violations), served);
    }

    private static ChatPrompt Render(ChatRequest request, ServedModel served, FieldViolations violations)
    {
        var template = RequireTemplate(served);
        ChatReader.Check(request, violations);
        violations.ThrowIfAny();
        return ChatReader.Render(request, template);
    }

    private static int[] Tokens(ChatPrompt prompt, ServedModel served) => served.Model.Vocabulary.Tokenize(prompt.Text, addSpecial: true, parseSpecial: true);

    // A template makes a grammar of its own of tools and of a schema, which leaves room for reasoning.
    private static LlamaGrammar? GrammarOf(ChatPrompt rendered, LlamaGrammar? constraint, LlamaModel model)
    {
        if (rendered.Grammar.Length == 0)
        {
            return constraint;
        }

        constraint?.Dispose();
        try
        {
            return new LlamaGrammar(model, rendered);
        }
        catch (LlamaException exception) when (exception.Fault == LlamaFault.InvalidGrammar)
        {
            throw RpcErrors.InvalidArgument("tools", exception.Message);
        }
    }

    private static ConversationTemplate RequireTemplate(ServedModel served) => served.Template
        ?? throw RpcErrors.FailedPrecondition("chat_template", "The model brings no chat template, so it cannot chat. Use Generate, or a model whose GGUF has tokenizer.chat_template.");

    private ServedModel RequireGenerating()
    {
        var served = RequireServing();
        return served.Generation is not null
            ? served
            : throw RpcErrors.FailedPrecondition("generation", $"The model {served.Model.Name} is one for {(served.Capabilities.Ranks ? "ranking" : "embeddings")} and generates no text. Ask a model that does.");
    }

    private ServedModel RequireServing()
    {
        var phase = state.Phase;
        return models.Serving
            ?? throw RpcErrors.Unavailable(phase is WorkerPhase.Stopped or WorkerPhase.Failed ? "ENDED" : "LOADING", $"The worker is {phase}; it answers when it is Serving.");
    }
}
