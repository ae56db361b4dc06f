using FleetOps.InferenceWorker.Engine.Requests;

namespace FleetOps.InferenceWorker.Engine;

/// <summary>A request that holds a slot, as the loop sees it. Touched by the loop's thread only.</summary>
internal sealed class RunningSequence(int slot, Generation generation, long admittedAt)
{
    /// <summary>The slot, which is llama.cpp's sequence id too.</summary>
    public int Slot { get; } = slot;

    /// <summary>The request.</summary>
    public Generation Generation { get; } = generation;

    /// <summary>When it got the slot.</summary>
    public long AdmittedAt { get; } = admittedAt;

    /// <summary>How many of its tokens lie in the KV cache; the position of the next one.</summary>
    public int Position { get; set; }

    /// <summary>How many tokens were sampled for it.</summary>
    public int Sampled { get; set; }

    /// <summary>The token that was sampled last, which the next batch computes.</summary>
    public int LastToken { get; set; }

    /// <summary>Where in the current batch its logits are; -1 if it samples nothing this time.</summary>
    public int LogitsIndex { get; set; } = -1;

    /// <summary>Since when it waits for its reader; null while it runs.</summary>
    public long? PausedAt { get; set; }

    /// <summary>Prompt tokens that have not been computed.</summary>
    public int PromptTokensLeft => Math.Max(0, Generation.Request.Prompt.Count - Position);
}
