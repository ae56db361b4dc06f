namespace FleetOps.InferenceWorker.Engine.Batching;

/// <summary>
/// Decides who shares the next batch. Sequences that decode come first, one token each, so that a long prompt never
/// stalls a running stream; what is left of the token budget goes to prompts, in chunks. A quarter of that is the oldest
/// prompt's, so that it comes to its end whatever arrives; the rest goes to those that need least, so that a short
/// prompt does not wait for a long one. Of equal ones the older is first. A prompt of which little would be left over is
/// computed to its end, because a small batch takes nearly as long as a larger one.
/// </summary>
internal static class BatchPlanner
{
    private const int OldestShare = 4;

    /// <summary>Plans one batch. A pure function; allocates nothing.</summary>
    /// <param name="work">The running sequences in the order of their admission.</param>
    /// <param name="tokenBudget">How many tokens the batch may hold; at least the count of <paramref name="work"/>, so that every stream moves.</param>
    /// <param name="promptBudget">How many of them may be tokens of prompts, or up to half as many more when that completes one; 1 or more, so that every prompt comes to its end.</param>
    /// <param name="shares">Receives the shares; at least as long as <paramref name="work"/>.</param>
    /// <returns>How many shares were planned. A prompt for which no budget is left gets none.</returns>
    public static int Plan(ReadOnlySpan<SequenceWork> work, int tokenBudget, int promptBudget, Span<BatchShare> shares)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(tokenBudget, work.Length);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(promptBudget);
        Span<int> chunks = stackalloc int[work.Length];
        var planned = 0;
        var oldest = -1;
        for (var i = 0; i < work.Length; i++)
        {
            if (work[i].PromptTokensLeft == 0)
            {
                shares[planned++] = new BatchShare(work[i].Slot, 1, Samples: true);
                tokenBudget--;
            }
            else if (oldest < 0)
            {
                oldest = i;
            }
        }

        if (oldest < 0)
        {
            return planned;
        }

        Divide(work, chunks, oldest, Math.Min(tokenBudget, promptBudget), Math.Max(0, tokenBudget - promptBudget));
        for (var i = oldest; i < work.Length; i++)
        {
            if (chunks[i] > 0)
            {
                shares[planned++] = new BatchShare(work[i].Slot, chunks[i], Samples: chunks[i] == work[i].PromptTokensLeft);
            }
        }

        return planned;
    }

    private static void Divide(ReadOnlySpan<SequenceWork> work, Span<int> chunks, int oldest, int budget, int beyond)
    {
        chunks[oldest] = Math.Min(work[oldest].PromptTokensLeft, (budget + OldestShare - 1) / OldestShare);
        budget -= chunks[oldest];
        while (budget > 0)
        {
            var least = -1;
            for (var i = oldest; i < work.Length; i++)
            {
                var left = work[i].PromptTokensLeft - chunks[i];
                if (left > 0 && (least < 0 || left < work[least].PromptTokensLeft - chunks[least]))
                {
                    least = i;
                }
            }

            if (least < 0)
            {
                return;
            }

            var rest = work[least].PromptTokensLeft - chunks[least];
            var chunk = rest - budget <= Math.Min(budget / 2, beyond) ? rest : budget;
            chunks[least] += chunk;
            budget -= chunk;
        }
    }
}
