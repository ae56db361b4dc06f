namespace FleetOps.InferenceWorker.Engine.Requests;

/// <summary>What the model thought of a token, before anything of the sampling changed it. Immutable.</summary>
/// <param name="LogProb">The natural logarithm of the chosen token's probability; 0 or less.</param>
/// <param name="Top">The most probable tokens, the best first; the chosen one need not be among them.</param>
internal sealed record TokenLogProbs(float LogProb, IReadOnlyList<TokenLogProb> Top)
{
    /// <summary>Reads them from the logits of an output.</summary>
    /// <param name="logits">One logit for each token of the vocabulary.</param>
    /// <param name="token">The token that was chosen.</param>
    /// <param name="count">How many of the most probable tokens are wanted; 0 or more.</param>
    public static TokenLogProbs Of(ReadOnlySpan<float> logits, int token, int count)
    {
        var best = new (float Logit, int Token)[Math.Min(count, logits.Length)];
        var found = 0;
        var highest = float.NegativeInfinity;
        for (var i = 0; i < logits.Length; i++)
        {
            highest = Math.Max(highest, logits[i]);
            if (found < best.Length || (found > 0 && logits[i] > best[found - 1].Logit))
            {
                found = Insert(best, found, (logits[i], i));
            }
        }

        var sum = 0.0;
        foreach (var logit in logits)
        {
            sum += Math.Exp(logit - highest);
        }

        var normalizer = highest + Math.Log(sum);
        var top = Array.ConvertAll(best, one => new TokenLogProb(one.Token, (float)(one.Logit - normalizer)));
        return new TokenLogProbs((float)(logits[token] - normalizer), top);
    }

    private static int Insert((float Logit, int Token)[] best, int found, (float Logit, int Token) candidate)
    {
        var at = found < best.Length ? found : found - 1;
        while (at > 0 && best[at - 1].Logit < candidate.Logit)
        {
            best[at] = best[at - 1];
            at--;
        }

        best[at] = candidate;
        return Math.Min(found + 1, best.Length);
    }
}
