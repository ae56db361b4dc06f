using FleetOps.InferenceWorker.Engine.Prefixes;
using FleetOps.InferenceWorker.Engine.Requests;
using FleetOps.LlamaCpp.Models;

namespace FleetOps.InferenceWorker.Engine;

/// <summary>A request that holds a slot, as the loop sees it. Touched by the loop's thread only.</summary>
internal sealed class RunningSequence(int slot, Generation generation, long admittedAt)
{
    /// <summary>The slot, which is llama.cpp's sequence id too.</summary>
    public int Slot { get; } = slot;

    /// <summary>The request.</summary>
    public Generation Generation { get; } = generation;

    /// <summary>With whom it shares what was computed.</summary>
    public PrefixScope Scope { get; } = generation.Scope;

    /// <summary>The LoRA adapter that it is computed with; null for none.</summary>
    public LlamaAdapter? Adapter { get; } = generation.Adapter?.Adapter;

    /// <summary>When it got the slot.</summary>
    public long AdmittedAt { get; } = admittedAt;

    /// <summary>Who computes the beginning of its prompt just now; null for nobody.</summary>
    public RunningSequence? Leader { get; set; }

    /// <summary>How many tokens it takes over from <see cref="Leader"/>.</summary>
    public int LeaderTokens { get; set; }

    /// <summary>Whether its slot is ready to compute; false while it waits for <see cref="Leader"/>.</summary>
    public bool Started { get; set; }

    /// <summary>Whether it was ended and the slot belongs to others.</summary>
    public bool Ended { get; set; }

    /// <summary>How many of its tokens lie in the KV cache; the position of the next one.</summary>
    public int Position { get; set; }

    /// <summary>How many tokens were sampled for it.</summary>
    public int Sampled { get; set; }

    /// <summary>The token that was sampled last, which the next batch computes.</summary>
    public int LastToken { get; set; }

    /// <summary>Where in the current batch its logits are; -1 if it samples nothing this time.</summary>
    public int LogitsIndex { get; set; } = -1;

    /// <summary>Number of the last batch that it was part of.</summary>
    public long LastBatch { get; set; }

    /// <summary>Tokens that are guessed to follow <see cref="LastToken"/>, of which <see cref="DraftCount"/> count.</summary>
    public int[] Draft { get; private set; } = [];

    /// <summary>How many tokens were guessed for the current batch.</summary>
    public int DraftCount { get; set; }

    /// <summary>Since when it waits for its reader; null while it runs.</summary>
    public long? PausedAt { get; set; }

    /// <summary>Prompt tokens that have not been computed.</summary>
    public int PromptTokensLeft => Math.Max(0, Generation.Prompt.Length - Position);

    /// <summary>Room for as many guesses; none for 0 or less.</summary>
    public Span<int> Room(int most)
    {
        if (Draft.Length < most)
        {
            Draft = new int[most];
        }

        return Draft.AsSpan(0, Math.Max(0, most));
    }
}
