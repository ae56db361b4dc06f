using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Engine.Sampling;
using Google.Protobuf.Collections;
using LogitBias = FleetOps.LlamaCpp.Sampling.LogitBias;

namespace FleetOps.InferenceWorker.Services;

/// <summary>Checks sampling options against the ranges of the contract, and fills the model's defaults in.</summary>
internal static class SamplingReader
{
    private const int MaxBiases = 1024;
    private const float ForbiddingBias = -100;
    private const int MaxBreakers = 16;
    private const int MaxBreakerBytes = 40;

    /// <summary>Reads the options.</summary>
    /// <param name="asked">As the client sent them; null if absent.</param>
    /// <param name="defaults">What absent options stand for.</param>
    /// <param name="vocabularySize">Count of tokens of the model.</param>
    /// <param name="violations">Receives what is wrong; if anything is, the result is of no use.</param>
    public static SamplingSettings Read(SamplingOptions? asked, SamplingSettings defaults, int vocabularySize, FieldViolations violations)
    {
        if (asked is null)
        {
            return defaults with { Seed = DrawSeed() };
        }

        Check(asked, violations);
        return defaults with
        {
            Temperature = asked.HasTemperature ? asked.Temperature : defaults.Temperature,
            TopK = asked.HasTopK ? asked.TopK : defaults.TopK,
            TopP = asked.HasTopP ? asked.TopP : defaults.TopP,
            MinP = asked.HasMinP ? asked.MinP : defaults.MinP,
            TypicalP = asked.HasTypicalP ? asked.TypicalP : defaults.TypicalP,
            XtcProbability = asked.HasXtcProbability ? asked.XtcProbability : defaults.XtcProbability,
            XtcThreshold = asked.HasXtcThreshold ? asked.XtcThreshold : defaults.XtcThreshold,
            TopNSigma = asked.HasTopNSigma ? asked.TopNSigma : defaults.TopNSigma,
            RepeatPenalty = asked.HasRepeatPenalty ? asked.RepeatPenalty : defaults.RepeatPenalty,
            FrequencyPenalty = asked.HasFrequencyPenalty ? asked.FrequencyPenalty : defaults.FrequencyPenalty,
            PresencePenalty = asked.HasPresencePenalty ? asked.PresencePenalty : defaults.PresencePenalty,
            PenaltyWindow = asked.HasPenaltyWindow ? asked.PenaltyWindow : defaults.PenaltyWindow,
            Seed = asked.HasSeed ? asked.Seed : DrawSeed(),
            Dry = ReadDry(asked.Dry, violations),
            Mirostat = ReadMirostat(asked.Mirostat, violations),
            LogitBias = ReadBiases(asked.LogitBias, vocabularySize, violations),
        };
    }

    /// <summary>The same settings as options of the contract.</summary>
    public static SamplingOptions Describe(SamplingSettings settings) => new()
    {
        Temperature = settings.Temperature,
        TopK = settings.TopK,
        TopP = settings.TopP,
        MinP = settings.MinP,
        TypicalP = settings.TypicalP,
        XtcProbability = settings.XtcProbability,
        XtcThreshold = settings.XtcThreshold,
        TopNSigma = settings.TopNSigma,
        RepeatPenalty = settings.RepeatPenalty,
        FrequencyPenalty = settings.FrequencyPenalty,
        PresencePenalty = settings.PresencePenalty,
        PenaltyWindow = settings.PenaltyWindow,
    };

    // llama.cpp takes the largest number to mean "draw one yourself", which could not be told to the client.
    private static uint DrawSeed() => (uint)Random.Shared.NextInt64(uint.MaxValue);

    private static void Check(SamplingOptions asked, FieldViolations violations)
    {
        violations.RequireRange("sampling.temperature", asked.HasTemperature ? asked.Temperature : null, 0, 100);
        violations.RequireRange("sampling.top_k", asked.HasTopK ? asked.TopK : null, 0, int.MaxValue);
        violations.RequireRange("sampling.top_p", asked.HasTopP ? asked.TopP : null, 0, 1, leastExcluded: true);
        violations.RequireRange("sampling.min_p", asked.HasMinP ? asked.MinP : null, 0, 1);
        violations.RequireRange("sampling.typical_p", asked.HasTypicalP ? asked.TypicalP : null, 0, 1, leastExcluded: true);
        violations.RequireRange("sampling.xtc_probability", asked.HasXtcProbability ? asked.XtcProbability : null, 0, 1);
        violations.RequireRange("sampling.xtc_threshold", asked.HasXtcThreshold ? asked.XtcThreshold : null, 0, 1);
        violations.RequireRange("sampling.top_n_sigma", asked.HasTopNSigma ? asked.TopNSigma : null, 0, 100);
        violations.RequireRange("sampling.repeat_penalty", asked.HasRepeatPenalty ? asked.RepeatPenalty : null, 0, 10, leastExcluded: true);
        violations.RequireRange("sampling.frequency_penalty", asked.HasFrequencyPenalty ? asked.FrequencyPenalty : null, -2, 2);
        violations.RequireRange("sampling.presence_penalty", asked.HasPresencePenalty ? asked.PresencePenalty : null, -2, 2);
        violations.RequireRange("sampling.penalty_window", asked.HasPenaltyWindow ? asked.PenaltyWindow : null, -1, int.MaxValue);
    }

    private static DrySettings? ReadDry(DryOptions? asked, FieldViolations violations)
    {
        if (asked is null)
        {
            return null;
        }

        violations.RequireRange("sampling.dry.multiplier", asked.HasMultiplier ? asked.Multiplier : null, 0, 100);
        violations.RequireRange("sampling.dry.base", asked.HasBase ? asked.Base : null, 1, 10);
        violations.RequireRange("sampling.dry.allowed_length", asked.HasAllowedLength ? asked.AllowedLength : null, 0, 1000);
        violations.RequireRange("sampling.dry.window", asked.HasWindow ? asked.Window : null, -1, int.MaxValue);
        violations.RequireCount("sampling.dry.sequence_breakers", asked.SequenceBreakers.Count, MaxBreakers);
        for (var i = 0; i < asked.SequenceBreakers.Count; i++)
        {
            violations.RequireBytes($"sampling.dry.sequence_breakers[{i}]", asked.SequenceBreakers[i], 1, MaxBreakerBytes);
            if (asked.SequenceBreakers[i].Contains('\0', StringComparison.Ordinal))
            {
                violations.Add($"sampling.dry.sequence_breakers[{i}]", "holds a zero character, which no breaker can.");
            }
        }

        return new DrySettings(
            asked.Multiplier,
            asked.HasBase ? asked.Base : 1.75f,
            asked.HasAllowedLength ? asked.AllowedLength : 2,
            asked.HasWindow ? asked.Window : -1,
            asked.SequenceBreakers.Count > 0 ? [.. asked.SequenceBreakers] : DrySettings.DefaultBreakers);
    }

    private static MirostatSettings? ReadMirostat(MirostatOptions? asked, FieldViolations violations)
    {
        if (asked is null)
        {
            return null;
        }

        violations.RequireRange("sampling.mirostat.version", asked.HasVersion ? asked.Version : null, 1, 2);
        violations.RequireRange("sampling.mirostat.tau", asked.HasTau ? asked.Tau : null, 0, 100, leastExcluded: true);
        violations.RequireRange("sampling.mirostat.eta", asked.HasEta ? asked.Eta : null, 0, 1, leastExcluded: true);
        return new MirostatSettings(asked.HasVersion ? asked.Version : 2, asked.HasTau ? asked.Tau : 5, asked.HasEta ? asked.Eta : 0.1f);
    }

    private static LogitBias[] ReadBiases(RepeatedField<Inference.V1.LogitBias> asked, int vocabularySize, FieldViolations violations)
    {
        violations.RequireCount("sampling.logit_bias", asked.Count, Math.Min(MaxBiases, vocabularySize - 1));
        var seen = new HashSet<int>();
        for (var i = 0; i < asked.Count; i++)
        {
            RequestOptions.CheckToken($"sampling.logit_bias[{i}].token_id", asked[i].TokenId, vocabularySize, violations);
            violations.RequireRange($"sampling.logit_bias[{i}].bias", asked[i].Bias, ForbiddingBias, 100);
            if (!seen.Add(asked[i].TokenId))
            {
                violations.Add($"sampling.logit_bias[{i}].token_id", $"is {asked[i].TokenId} a second time; give each token one bias.");
            }
        }

        return [.. asked.Select(static bias => new LogitBias(bias.TokenId, bias.Bias <= ForbiddingBias ? float.NegativeInfinity : bias.Bias))];
    }
}
