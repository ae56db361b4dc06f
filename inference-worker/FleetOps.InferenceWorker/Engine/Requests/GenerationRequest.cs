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

    /// <summary>How many tokens are sampled before one that ends generation may be.</summary>
    public int MinTokens { get; init; }

    /// <summary>Tokens that end generation.</summary>
    public IReadOnlyCollection<int> StopTokens { get; init; } = [];

    /// <summary>Whether the model's end-of-generation tokens are tokens like any other.</summary>
    public bool IgnoreEndOfGeneration { get; init; }

    /// <summary>Who asks. Tenants take turns in the queue and never share cached prompts; empty is a tenant like any other.</summary>
    public string Tenant { get; init; } = "";

    /// <summary>Those of a higher number are admitted first; 0 is normal.</summary>
    public int Priority { get; init; }

    /// <summary>How long it may wait for a slot: it is refused at once when that is not to be expected. Null is as long as it takes.</summary>
    public TimeSpan? LongestWait { get; init; }

    /// <summary>Keeps cached prompts of one tenant apart: only requests of equal salt share.</summary>
    public string CacheSalt { get; init; } = "";

    /// <summary>How many alternatives are told with each token, with their probabilities; 0 tells neither those nor the token's own.</summary>
    public int LogProbs { get; init; }

    /// <summary>Name of the LoRA adapter that is applied; null is the model alone.</summary>
    public string? AdapterName { get; init; }
}
