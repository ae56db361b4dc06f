using FleetOps.InferenceWorker.Engine.Sampling;

namespace FleetOps.InferenceWorker.Engine.Requests;

/// <summary>What the engine is asked to do. Immutable.</summary>
internal sealed record GenerationRequest
{
    /// <summary>The prompt: at least one token, and fewer than the context holds.</summary>
    public required IReadOnlyList<int> Prompt { get; init; }

    /// <summary>How tokens are chosen.</summary>
    public required SamplingSettings Sampling { get; init; }

    /// <summary>How many tokens are sampled at most; null is up to the end of the context.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>Tokens that end generation.</summary>
    public IReadOnlyCollection<int> StopTokens { get; init; } = [];

    /// <summary>Whether the model's end-of-generation tokens are tokens like any other.</summary>
    public bool IgnoreEndOfGeneration { get; init; }
}
