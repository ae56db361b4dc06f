namespace FleetOps.InferenceWorker.Engine.Prefixes;

/// <summary>
/// Computes what several prompts have in common once, though nobody has computed it before: the first computes it, those
/// that come meanwhile wait in their slots and take it over. Touched by the loop's thread only.
/// </summary>
internal sealed class PrefillSharing(SlotCache cache, EngineCounters counters)
{
    /// <summary>Starts a sequence, or lets it wait for one that computes the beginning of its prompt.</summary>
    /// <param name="sequence">The sequence, whose slot was taken.</param>
    /// <param name="placement">What of its prompt is in the cache already.</param>
    /// <param name="running">Those that run in the order of their admission, with the sequence.</param>
    public void Start(RunningSequence sequence, Placement placement, IReadOnlyList<RunningSequence> running)
    {
        if (!cache.Reuses || !Follow(sequence, placement.Tokens + cache.LeastCopy, running))
        {
            Prepare(sequence, placement);
        }
    }

    /// <summary>Starts those whose wait is over.</summary>
    /// <param name="running">Those that run in the order of their admission.</param>
    public void StartThoseThatWaited(IReadOnlyList<RunningSequence> running)
    {
        for (var i = 0; i < running.Count; i++)
        {
            var sequence = running[i];
            if (sequence.Leader is { Ended: true })
            {
                Start(sequence, cache.Find(sequence.Slot, sequence.Scope, sequence.Generation.Prompt), running);
            }
            else if (sequence.Leader is { } leader && leader.Position >= sequence.LeaderTokens)
            {
                Prepare(sequence, new Placement(sequence.Slot, leader.Slot, sequence.LeaderTokens));
            }
        }
    }

    private static bool Follow(RunningSequence sequence, int least, IReadOnlyList<RunningSequence> running)
    {
        sequence.Leader = null;
        var prompt = sequence.Generation.Prompt;
        // Only those before it are asked, so that no two wait for one another.
        for (var i = 0; running[i] != sequence; i++)
        {
            var common = running[i].Scope == sequence.Scope ? running[i].Generation.Prompt.AsSpan().CommonPrefixLength(prompt) : 0;
            common = Math.Min(common, prompt.Length - 1);
            if (common >= least && common > running[i].Position)
            {
                sequence.Leader = running[i];
                sequence.LeaderTokens = common;
                least = common + 1;
            }
        }

        return sequence.Leader is not null;
    }

    private void Prepare(RunningSequence sequence, Placement placement)
    {
        sequence.Leader = null;
        sequence.Position = cache.Prepare(sequence.Scope, placement);
        sequence.Started = true;
        counters.PromptFound(sequence.Position);
        sequence.Generation.Admit(sequence.Position);
    }
}
