using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Engine.Requests;
using FleetOps.InferenceWorker.Engine.Sampling;
using FleetOps.InferenceWorker.Serving;
using FleetOps.LlamaCpp.Sampling;

namespace FleetOps.InferenceWorker.Services;

/// <summary>The options that Generate and Chat share, checked and with the model's defaults filled in.</summary>
internal sealed record RequestOptions
{
    private const int MaxStopStrings = 16;
    private const int MaxStopStringBytes = 1024;
    private const int MaxStopTokens = 64;
    private const int MaxChoices = 16;
    private const int MaxTopLogProbs = 20;

    /// <summary>How tokens are chosen.</summary>
    public required SamplingSettings Sampling { get; init; }

    /// <summary>How many tokens are sampled at most; null is up to the end of the context.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>How many tokens are sampled before the answer may end.</summary>
    public int MinTokens { get; init; }

    /// <summary>How long the request may take; null is for ever.</summary>
    public TimeSpan? MaxDuration { get; init; }

    /// <summary>Texts that end the answer.</summary>
    public IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary>Whether the text that ended the answer stays in it.</summary>
    public bool IncludeStopString { get; init; }

    /// <summary>Tokens that end the answer.</summary>
    public IReadOnlyCollection<int> StopTokens { get; init; } = [];

    /// <summary>Whether the model's end-of-generation tokens are tokens like any other.</summary>
    public bool IgnoreEndOfGeneration { get; init; }

    /// <summary>Whether pieces list their tokens.</summary>
    public bool TokenIds { get; init; }

    /// <summary>How many alternatives are told with each token; null tells no probabilities at all.</summary>
    public int? TopLogProbs { get; init; }

    /// <summary>How many answers are generated.</summary>
    public int Choices { get; init; } = 1;

    /// <summary>The adapter; null for none.</summary>
    public string? Adapter { get; init; }

    /// <summary>Checks the options of a request against the ranges of the contract.</summary>
    public static RequestOptions Read(GenerateRequest request, ServedModel served, FieldViolations violations) =>
        Read(request.Sampling, request.Stop, request.Output, request.HasN ? request.N : 1, request.Adapter, request.Constraint is not null, served, violations);

    /// <inheritdoc cref="Read(GenerateRequest, ServedModel, FieldViolations)"/>
    public static RequestOptions Read(ChatRequest request, ServedModel served, FieldViolations violations) =>
        Read(request.Sampling, request.Stop, request.Output, request.HasN ? request.N : 1, request.Adapter, request.Constraint is not null, served, violations);

    /// <summary>The request that the engine understands.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="grammar">What the answer must look like; null for anything.</param>
    /// <param name="call">Who asks.</param>
    /// <param name="choice">Which of the answers it is; each draws differently.</param>
    public GenerationRequest ForEngine(IReadOnlyList<int> prompt, LlamaGrammar? grammar, CallMetadata call, int choice) => new()
    {
        Prompt = prompt,
        Sampling = Sampling with { Grammar = grammar, Seed = unchecked(Sampling.Seed + (uint)choice) },
        MaxTokens = MaxTokens,
        MinTokens = MinTokens,
        StopTokens = StopTokens,
        IgnoreEndOfGeneration = IgnoreEndOfGeneration,
        LogProbs = TopLogProbs is { } top ? Math.Max(1, top) : 0,
        Tenant = call.Tenant,
        Priority = call.Priority,
        CacheSalt = call.CacheSalt,
        AdapterName = Adapter,
    };

    /// <summary>Notes the first token that is not one of the vocabulary.</summary>
    public static void CheckTokens(string field, IReadOnlyList<int> tokens, int vocabularySize, FieldViolations violations)
    {
        for (var i = 0; i < tokens.Count; i++)
        {
            if (!CheckToken($"{field}[{i}]", tokens[i], vocabularySize, violations))
            {
                return;
            }
        }
    }

    /// <summary>Notes a token that is not one of the vocabulary.</summary>
    public static bool CheckToken(string field, int token, int vocabularySize, FieldViolations violations)
    {
        if (token >= 0 && token < vocabularySize)
        {
            return true;
        }

        violations.Add(field, $"is {token}; the vocabulary has the tokens 0 to {vocabularySize - 1}.");
        return false;
    }

    private static RequestOptions Read(
        SamplingOptions? sampling, StopOptions? stop, OutputOptions? output, int choices, string adapter, bool constrained, ServedModel served, FieldViolations violations)
    {
        var vocabularySize = served.Model.Vocabulary.Count;
        stop ??= new StopOptions();
        output ??= new OutputOptions();
        var settings = SamplingReader.Read(sampling, served.DefaultSampling, vocabularySize, violations);
        CheckStop(stop, vocabularySize, violations);
        if (constrained && stop.IgnoreEndOfGeneration)
        {
            violations.Add("stop.ignore_end_of_generation", "is set together with a constraint, whose texts end. Leave one of the two out.");
        }

        violations.RequireRange("output.top_logprobs", output.HasTopLogprobs ? output.TopLogprobs : null, 0, MaxTopLogProbs);
        if (output.TopLogprobs > 0 && !output.Logprobs)
        {
            violations.Add("output.top_logprobs", "is set without output.logprobs; set that too.");
        }

        violations.RequireRange("n", choices, 1, MaxChoices);
        return new RequestOptions
        {
            Sampling = settings,
            MaxTokens = stop.HasMaxTokens ? stop.MaxTokens : null,
            MinTokens = stop.MinTokens,
            MaxDuration = violations.Any ? null : stop.MaxDuration?.ToTimeSpan(),
            StopStrings = [.. stop.Strings],
            IncludeStopString = stop.IncludeStopString,
            StopTokens = [.. stop.TokenIds],
            IgnoreEndOfGeneration = stop.IgnoreEndOfGeneration,
            TokenIds = output.TokenIds,
            TopLogProbs = output.Logprobs ? output.TopLogprobs : null,
            Choices = choices,
            Adapter = adapter.Length > 0 ? adapter : null,
        };
    }

    private static void CheckStop(StopOptions stop, int vocabularySize, FieldViolations violations)
    {
        violations.RequireRange("stop.max_tokens", stop.HasMaxTokens ? stop.MaxTokens : null, 1, int.MaxValue);
        violations.RequireRange("stop.min_tokens", stop.HasMinTokens ? stop.MinTokens : null, 0, stop.HasMaxTokens ? Math.Max(stop.MaxTokens, 0) : int.MaxValue);
        violations.RequireCount("stop.strings", stop.Strings.Count, MaxStopStrings);
        for (var i = 0; i < stop.Strings.Count; i++)
        {
            violations.RequireBytes($"stop.strings[{i}]", stop.Strings[i], 1, MaxStopStringBytes);
        }

        violations.RequireCount("stop.token_ids", stop.TokenIds.Count, MaxStopTokens);
        CheckTokens("stop.token_ids", stop.TokenIds, vocabularySize, violations);
        Durations.Check("stop.max_duration", stop.MaxDuration, TimeSpan.FromTicks(1), TimeSpan.FromDays(1), violations);
    }
}
