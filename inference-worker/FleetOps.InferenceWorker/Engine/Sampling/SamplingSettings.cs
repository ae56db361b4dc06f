using FleetOps.LlamaCpp.Sampling;

namespace FleetOps.InferenceWorker.Engine.Sampling;

/// <summary>How tokens are chosen, with every default filled in. The meaning and range of each is that of the contract.</summary>
internal sealed record SamplingSettings
{
    /// <summary>Divides the logits; 0 is greedy.</summary>
    public float Temperature { get; init; } = 0.8f;

    /// <summary>Keeps the k most probable tokens; 0 keeps all.</summary>
    public int TopK { get; init; } = 40;

    /// <summary>Keeps the most probable tokens that add up to p; 1 keeps all.</summary>
    public float TopP { get; init; } = 0.95f;

    /// <summary>Drops tokens less probable than p times the best; 0 drops none.</summary>
    public float MinP { get; init; } = 0.05f;

    /// <summary>Keeps the most typical tokens that add up to p; 1 keeps all.</summary>
    public float TypicalP { get; init; } = 1f;

    /// <summary>How probably the most probable tokens are dropped; 0 is off.</summary>
    public float XtcProbability { get; init; }

    /// <summary>How probable a token must be to be dropped so; above 0.5 is off.</summary>
    public float XtcThreshold { get; init; } = 0.1f;

    /// <summary>Keeps tokens within n standard deviations of the best; 0 keeps all.</summary>
    public float TopNSigma { get; init; }

    /// <summary>Penalty for going on with a repetition; null is off.</summary>
    public DrySettings? Dry { get; init; }

    /// <summary>Aims at a constant surprise; null is off.</summary>
    public MirostatSettings? Mirostat { get; init; }

    /// <summary>What is added to the logits of tokens; minus infinity forbids one.</summary>
    public IReadOnlyList<LogitBias> LogitBias { get; init; } = [];

    /// <summary>What the answer must look like; null is anything. It must live until the request has been submitted.</summary>
    public LlamaGrammar? Grammar { get; init; }

    /// <summary>Divides the logits of recent tokens; 1 is off.</summary>
    public float RepeatPenalty { get; init; } = 1f;

    /// <summary>Subtracted for each recent occurrence; 0 is off.</summary>
    public float FrequencyPenalty { get; init; }

    /// <summary>Subtracted for a recent occurrence; 0 is off.</summary>
    public float PresencePenalty { get; init; }

    /// <summary>How many tokens count as recent; -1 is the whole context.</summary>
    public int PenaltyWindow { get; init; } = 64;

    /// <summary>Seed of the draw.</summary>
    public uint Seed { get; init; }

    /// <summary>Whether the most probable token is taken always.</summary>
    public bool Greedy => Temperature <= 0;

    /// <summary>Whether any of the three penalties changes anything.</summary>
    public bool Penalizes => PenaltyWindow != 0 && (RepeatPenalty != 1f || FrequencyPenalty != 0f || PresencePenalty != 0f);
}
