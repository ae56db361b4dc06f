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
        var window = settings.PenaltyWindow < 0 ? contextLength : settings.PenaltyWindow;
        var builder = new LlamaSamplerBuilder(model);
        if (settings.Penalizes)
        {
            builder.AddPenalties(window, settings.RepeatPenalty, settings.FrequencyPenalty, settings.PresencePenalty);
        }

        var sampler = settings.Greedy ? builder.Greedy() : Draw(builder, settings);
        if (settings.Penalizes)
        {
            for (var i = Math.Max(0, request.Prompt.Count - window); i < request.Prompt.Count; i++)
            {
                sampler.Accept(request.Prompt[i], isPrompt: true);
            }
        }

        return sampler;
    }

    private static LlamaSampler Draw(LlamaSamplerBuilder builder, SamplingSettings settings)
    {
        builder.AddTopK(settings.TopK).AddTopP(settings.TopP).AddMinP(settings.MinP).AddTemperature(settings.Temperature);
        // llama.cpp takes the largest number for "draw one yourself"; a request with that seed has to be repeatable too.
        return builder.Distribution(settings.Seed == uint.MaxValue ? uint.MaxValue - 1 : settings.Seed);
    }
}
