using FleetOps.InferenceWorker.Engine.Requests;
using FleetOps.LlamaCpp.Models;
using FleetOps.LlamaCpp.Sampling;

namespace FleetOps.InferenceWorker.Engine.Sampling;

/// <summary>Builds llama.cpp's sampler chains in the order that the contract promises, which is that of its own server.</summary>
internal static class SamplerFactory
{
    /// <summary>Makes the sampler of one request. Its prompt is shown to the penalties, which count its tokens as recent ones too.</summary>
    public static LlamaSampler Create(LlamaModel model, GenerationRequest request, int contextLength)
    {
        var settings = request.Sampling;
        var penalized = settings.Penalizes ? Window(settings.PenaltyWindow) : 0;
        var searched = settings.Dry is { Multiplier: > 0 } dry ? Window(dry.Window) : 0;
        var builder = new LlamaSamplerBuilder(model);
        if (settings.LogitBias.Count > 0)
        {
            builder.AddLogitBias(settings.LogitBias);
        }

        if (penalized > 0)
        {
            builder.AddPenalties(penalized, settings.RepeatPenalty, settings.FrequencyPenalty, settings.PresencePenalty);
        }

        if (searched > 0)
        {
            builder.AddDry(settings.Dry!.Multiplier, settings.Dry.Growth, settings.Dry.AllowedLength, searched, settings.Dry.Breakers);
        }

        if (settings.Grammar is { } grammar)
        {
            builder.WithGrammar(grammar);
        }

        if (request.MinTokens > 0)
        {
            builder.Delay(request.StopTokens.Concat(request.IgnoreEndOfGeneration ? [] : model.Vocabulary.EndOfGeneration), request.MinTokens);
        }

        var sampler = settings.Greedy ? builder.Greedy() : Draw(builder, settings);
        for (var i = Math.Max(0, request.Prompt.Count - Math.Max(penalized, searched)); i < request.Prompt.Count; i++)
        {
            sampler.Accept(request.Prompt[i], isPrompt: true);
        }

        return sampler;

        int Window(int asked) => asked < 0 ? contextLength : Math.Min(asked, contextLength);
    }

    private static LlamaSampler Draw(LlamaSamplerBuilder builder, SamplingSettings settings)
    {
        // llama.cpp takes the largest number for "draw one yourself"; a request with that seed has to be repeatable too.
        var seed = settings.Seed == uint.MaxValue ? uint.MaxValue - 1 : settings.Seed;
        if (settings.Mirostat is { } mirostat)
        {
            builder.AddTemperature(settings.Temperature);
            return mirostat.Version == 1 ? builder.Mirostat(seed, mirostat.Tau, mirostat.Eta) : builder.MirostatV2(seed, mirostat.Tau, mirostat.Eta);
        }

        builder.AddTopNSigma(settings.TopNSigma).AddTopK(settings.TopK);
        if (settings.TypicalP < 1)
        {
            builder.AddTypical(settings.TypicalP);
        }

        builder.AddTopP(settings.TopP).AddMinP(settings.MinP);
        if (settings.XtcProbability > 0)
        {
            builder.AddXtc(settings.XtcProbability, settings.XtcThreshold, seed);
        }

        return builder.AddTemperature(settings.Temperature).Distribution(seed);
    }
}
