using System.Text;
using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Engine.Requests;
using FleetOps.InferenceWorker.Engine.Sampling;

namespace FleetOps.InferenceWorker.Services;

/// <summary>The options that Generate and Chat share, checked and with the model's defaults filled in.</summary>
internal sealed record RequestOptions(SamplingSettings Sampling, int? MaxTokens, IReadOnlyList<string> StopStrings, IReadOnlyCollection<int> StopTokens, bool IgnoreEndOfGeneration, bool TokenIds)
{
    private const int MaxStopStrings = 16;
    private const int MaxStopStringBytes = 1024;
    private const int MaxStopTokens = 64;

    /// <summary>Checks the options of a request against the ranges of the contract.</summary>
    /// <param name="sampling">As the client sent it; null if absent.</param>
    /// <param name="stop">As the client sent it; null if absent.</param>
    /// <param name="output">As the client sent it; null if absent.</param>
    /// <param name="defaults">What absent sampling options stand for.</param>
    /// <param name="vocabularySize">Count of tokens of the model.</param>
    /// <param name="violations">Receives what is wrong.</param>
    public static RequestOptions Read(
        SamplingOptions? sampling, StopOptions? stop, OutputOptions? output, SamplingSettings defaults, int vocabularySize, FieldViolations violations)
    {
        CheckSampling(sampling ?? new SamplingOptions(), violations);
        stop ??= new StopOptions();
        CheckStop(stop, vocabularySize, violations);
        return new RequestOptions(
            Merge(sampling, defaults),
            stop.HasMaxTokens ? stop.MaxTokens : null,
            [.. stop.Strings],
            [.. stop.TokenIds],
            stop.IgnoreEndOfGeneration,
            output?.TokenIds ?? false);
    }

    /// <summary>The request that the engine understands.</summary>
    public GenerationRequest WithPrompt(IReadOnlyList<int> prompt) => new()
    {
        Prompt = prompt,
        Sampling = Sampling,
        MaxTokens = MaxTokens,
        StopTokens = StopTokens,
        IgnoreEndOfGeneration = IgnoreEndOfGeneration,
    };

    private static SamplingSettings Merge(SamplingOptions? asked, SamplingSettings defaults) => asked is null
        ? defaults with { Seed = DrawSeed() }
        : new SamplingSettings
        {
            Temperature = asked.HasTemperature ? asked.Temperature : defaults.Temperature,
            TopK = asked.HasTopK ? asked.TopK : defaults.TopK,
            TopP = asked.HasTopP ? asked.TopP : defaults.TopP,
            MinP = asked.HasMinP ? asked.MinP : defaults.MinP,
            RepeatPenalty = asked.HasRepeatPenalty ? asked.RepeatPenalty : defaults.RepeatPenalty,
            FrequencyPenalty = asked.HasFrequencyPenalty ? asked.FrequencyPenalty : defaults.FrequencyPenalty,
            PresencePenalty = asked.HasPresencePenalty ? asked.PresencePenalty : defaults.PresencePenalty,
            PenaltyWindow = asked.HasPenaltyWindow ? asked.PenaltyWindow : defaults.PenaltyWindow,
            Seed = asked.HasSeed ? asked.Seed : DrawSeed(),
        };

    // llama.cpp takes the largest number to mean "draw one yourself", which could not be told to the client.
    private static uint DrawSeed() => (uint)Random.Shared.NextInt64(uint.MaxValue);

    private static void CheckSampling(SamplingOptions asked, FieldViolations violations)
    {
        violations.RequireRange("sampling.temperature", asked.HasTemperature ? asked.Temperature : null, 0, 100);
        violations.RequireRange("sampling.top_k", asked.HasTopK ? asked.TopK : null, 0, int.MaxValue);
        violations.RequireRange("sampling.top_p", asked.HasTopP ? asked.TopP : null, 0, 1, leastExcluded: true);
        violations.RequireRange("sampling.min_p", asked.HasMinP ? asked.MinP : null, 0, 1);
        violations.RequireRange("sampling.repeat_penalty", asked.HasRepeatPenalty ? asked.RepeatPenalty : null, 0, 10, leastExcluded: true);
        violations.RequireRange("sampling.frequency_penalty", asked.HasFrequencyPenalty ? asked.FrequencyPenalty : null, -2, 2);
        violations.RequireRange("sampling.presence_penalty", asked.HasPresencePenalty ? asked.PresencePenalty : null, -2, 2);
        violations.RequireRange("sampling.penalty_window", asked.HasPenaltyWindow ? asked.PenaltyWindow : null, -1, int.MaxValue);
    }

    private static void CheckStop(StopOptions stop, int vocabularySize, FieldViolations violations)
    {
        violations.RequireRange("stop.max_tokens", stop.HasMaxTokens ? stop.MaxTokens : null, 1, int.MaxValue);
        if (stop.Strings.Count > MaxStopStrings)
        {
            violations.Add("stop.strings", $"has {stop.Strings.Count} entries; at most {MaxStopStrings} are taken.");
        }

        for (var i = 0; i < stop.Strings.Count; i++)
        {
            var bytes = Encoding.UTF8.GetByteCount(stop.Strings[i]);
            if (bytes is 0 or > MaxStopStringBytes)
            {
                violations.Add($"stop.strings[{i}]", $"has {bytes} bytes; it must have 1 to {MaxStopStringBytes}.");
            }
        }

        if (stop.TokenIds.Count > MaxStopTokens)
        {
            violations.Add("stop.token_ids", $"has {stop.TokenIds.Count} entries; at most {MaxStopTokens} are taken.");
        }

        CheckTokens("stop.token_ids", stop.TokenIds, vocabularySize, violations);
    }

    /// <summary>Notes the first token that is not one of the vocabulary.</summary>
    public static void CheckTokens(string field, IReadOnlyList<int> tokens, int vocabularySize, FieldViolations violations)
    {
        for (var i = 0; i < tokens.Count; i++)
        {
            if (tokens[i] < 0 || tokens[i] >= vocabularySize)
            {
                violations.Add($"{field}[{i}]", $"is {tokens[i]}; the vocabulary has the tokens 0 to {vocabularySize - 1}.");
                return;
            }
        }
    }
}
