namespace FleetOps.InferenceWorker.Engine.Batching;

/// <summary>
/// Decides who shares the next batch. Sequences that decode come first, one token each, so that a long prompt never
/// stalls a running stream; what is left of the token budget goes to prompts in the order of their admission, in chunks.
/// </summary>
internal static class BatchPlanner
{
    /// <summary>Plans one batch. A pure function; allocates nothing.</summary>
    /// <param name="work">The running sequences in the order of their admission.</param>
    /// <param name="tokenBudget">How many tokens the batch may hold; at least the count of <paramref name="work"/>, so that every stream moves.</param>
    /// <param name="shares">Receives the shares; at least as long as <paramref name="work"/>.</param>
    /// <returns>How many shares were planned. A prompt for which no budget is left gets none.</returns>
    public static int Plan(ReadOnlySpan<SequenceWork> work, int tokenBudget, Span<BatchShare> shares)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(tokenBudget, work.Length);
        var planned = 0;
        foreach (var sequence in work)
        {
            if (sequence.PromptTokensLeft == 0)
            {
                shares[planned++] = new BatchShare(sequence.Slot, 1, Samples: true);
                tokenBudget--;
            }
        }

        foreach (var sequence in work)
        {
            var chunk = Math.Min(sequence.PromptTokensLeft, tokenBudget);
            if (chunk > 0)
            {
                shares[planned++] = new BatchShare(sequence.Slot, chunk, Samples: chunk == sequence.PromptTokensLeft);
                tokenBudget -= chunk;
            }
        }

        return planned;
    }
}
