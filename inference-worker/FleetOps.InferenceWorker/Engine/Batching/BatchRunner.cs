using FleetOps.InferenceWorker.Engine.Prefixes;
using FleetOps.LlamaCpp.Contexts;
using FleetOps.LlamaCpp.Models;

namespace FleetOps.InferenceWorker.Engine.Batching;

/// <summary>Puts batches together from the running sequences and computes them. Touched by the loop's thread only.</summary>
internal sealed class BatchRunner(LlamaContext context, SlotCache cache, EngineSettings settings, EngineCounters counters, TimeProvider clock) : IDisposable
{
    private readonly LlamaBatch _batch = new(settings.BatchTokens);
    private readonly PromptPace _pace = new(settings.MaxSequences, settings.BatchTokens);
    private readonly AdapterTurns _turns = new();
    private readonly List<RunningSequence> _ready = [];
    private readonly List<RunningSequence> _sampling = [];
    private readonly RunningSequence?[] _slots = new RunningSequence?[settings.MaxSequences];
    private readonly SequenceWork[] _work = new SequenceWork[settings.MaxSequences];
    private readonly BatchShare[] _shares = new BatchShare[settings.MaxSequences];
    private LlamaAdapter? _adapter;
    private int _planned;

    /// <summary>Tells how many tokens each batch held.</summary>
    public Action<int>? Computed { get; init; }

    /// <summary>Whether there is anything to compute.</summary>
    public bool HoldsTokens => _planned > 0;

    /// <summary>Whether some of it are prompts, which take long.</summary>
    public bool HoldsPrompts { get; private set; }

    /// <summary>The sequences of the last batch that have logits.</summary>
    public List<RunningSequence> Sampling => _sampling;

    /// <summary>Plans the next batch.</summary>
    /// <param name="running">Those that run, in the order of their admission.</param>
    /// <returns>In how long the pause of the first is over that waits for its reader; null if none does.</returns>
    public TimeSpan? Plan(IReadOnlyList<RunningSequence> running)
    {
        var pauseEnds = CollectReady(running);
        var adapter = _turns.Next(_ready);
        var (count, prompts, decoding, whole) = (0, 0, 0, 0);
        foreach (var sequence in _ready)
        {
            var left = sequence.PromptTokensLeft;
            // Streams of another adapter wait for this batch as those in it do.
            decoding += left == 0 ? 1 : 0;
            if (sequence.Adapter == adapter)
            {
                prompts += left > 0 ? 1 : 0;
                whole += sequence.Generation.Prompt.Length <= settings.BatchTokens ? left : 0;
                _slots[sequence.Slot] = sequence;
                _work[count++] = new SequenceWork(sequence.Slot, left);
            }
        }

        HoldsPrompts = prompts > 0;
        // Each chunk beside streams is one more pass over the weights, so only a prompt that fills batches is worth cutting.
        var promptBudget = Math.Max(_pace.Budget(decoding, prompts), whole);
        _planned = BatchPlanner.Plan(_work.AsSpan(0, count), settings.BatchTokens, promptBudget, _shares);
        AddDrafts();
        return pauseEnds;
    }

    /// <summary>Computes the batch that was planned.</summary>
    /// <exception cref="InvalidOperationException">llama.cpp did not take it.</exception>
    public void Compute()
    {
        var shares = _shares.AsSpan(0, _planned);
        // llama.cpp computes streams together where their numbers follow one another.
        shares.Sort(static (one, other) => one.Slot.CompareTo(other.Slot));
        var (promptTokens, decoding) = Fill(shares);
        ApplyAdapter(_slots[shares[0].Slot]!);

        var started = clock.GetTimestamp();
        var status = context.Decode(_batch);
        if (status != DecodeStatus.Success)
        {
            throw new InvalidOperationException($"llama.cpp answered {status} to a batch of {_batch.Count} tokens of {_planned} sequences.");
        }

        _pace.Note(decoding, promptTokens, clock.GetElapsedTime(started));
        NoteComputed(shares);
        counters.BatchComputed(promptTokens);
        Computed?.Invoke(_batch.Count);
    }

    /// <summary>Takes the guesses out of the cache that were wrong.</summary>
    /// <param name="sequence">One of <see cref="Sampling"/>.</param>
    /// <param name="accepted">How many of its guesses were right.</param>
    public void Settle(RunningSequence sequence, int accepted)
    {
        if (sequence.DraftCount == 0)
        {
            return;
        }

        counters.Drafted(sequence.DraftCount, accepted);
        if (!sequence.Ended)
        {
            cache.Append(sequence.Slot, sequence.Draft.AsSpan(0, accepted));
            sequence.Position += accepted;
            context.MemorySequenceRemove(sequence.Slot, sequence.Position);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _batch.Dispose();

    private TimeSpan? CollectReady(IReadOnlyList<RunningSequence> running)
    {
        TimeSpan? pauseEnds = null;
        _ready.Clear();
        for (var i = 0; i < running.Count; i++)
        {
            var sequence = running[i];
            sequence.LogitsIndex = -1;
            sequence.DraftCount = 0;
            if (!sequence.Started)
            {
                continue;
            }

            if (sequence.Generation.HasRoom)
            {
                sequence.PausedAt = null;
                _ready.Add(sequence);
                continue;
            }

            sequence.PausedAt ??= clock.GetTimestamp();
            var left = settings.SlowReaderTimeout - clock.GetElapsedTime(sequence.PausedAt.Value);
            left = left > TimeSpan.Zero ? left : TimeSpan.FromMilliseconds(1);
            pauseEnds = pauseEnds is { } soonest && soonest < left ? soonest : left;
        }

        return pauseEnds;
    }

    private void AddDrafts()
    {
        if (settings.DraftTokens == 0 || !cache.Reuses)
        {
            return;
        }

        var shares = _shares.AsSpan(0, _planned);
        var room = settings.BatchTokens;
        foreach (var share in shares)
        {
            room -= share.Tokens;
        }

        foreach (ref var share in shares)
        {
            var sequence = _slots[share.Slot]!;
            if (sequence.PromptTokensLeft == 0)
            {
                var most = Math.Min(Math.Min(settings.DraftTokens, room), settings.ContextLength - sequence.Position - 1);
                most = Math.Min(most, (sequence.Generation.Request.MaxTokens ?? int.MaxValue) - sequence.Sampled - 1);
                sequence.DraftCount = PromptLookup.Find(cache.Tokens(share.Slot), sequence.LastToken, sequence.Room(most));
                share = share with { Tokens = 1 + sequence.DraftCount };
                room -= sequence.DraftCount;
            }
        }
    }

    private (int PromptTokens, int Decoding) Fill(ReadOnlySpan<BatchShare> shares)
    {
        _batch.Clear();
        _sampling.Clear();
        var (promptTokens, decoding) = (0, 0);
        foreach (var share in shares)
        {
            var sequence = _slots[share.Slot]!;
            if (share.Samples)
            {
                _sampling.Add(sequence);
            }

            if (sequence.PromptTokensLeft > 0)
            {
                promptTokens += share.Tokens;
                for (var i = 0; i < share.Tokens; i++)
                {
                    var last = share.Samples && i == share.Tokens - 1;
                    var index = _batch.Add(sequence.Generation.Prompt[sequence.Position + i], sequence.Position + i, share.Slot, last);
                    sequence.LogitsIndex = last ? index : -1;
                }

                continue;
            }

            decoding++;
            sequence.LogitsIndex = _batch.Add(sequence.LastToken, sequence.Position, share.Slot, output: true);
            for (var i = 0; i < sequence.DraftCount; i++)
            {
                _batch.Add(sequence.Draft[i], sequence.Position + 1 + i, share.Slot, output: true);
            }
        }

        return (promptTokens, decoding);
    }

    private void NoteComputed(ReadOnlySpan<BatchShare> shares)
    {
        foreach (var share in shares)
        {
            var sequence = _slots[share.Slot]!;
            var last = sequence.LastToken;
            var computed = sequence.PromptTokensLeft > 0
                ? sequence.Generation.Prompt.AsSpan(sequence.Position, share.Tokens)
                : new ReadOnlySpan<int>(ref last);
            cache.Append(share.Slot, computed);
            sequence.Position += computed.Length;
        }
    }

    private void ApplyAdapter(RunningSequence sequence)
    {
        if (_adapter != sequence.Adapter)
        {
            _adapter = sequence.Adapter;
            context.SetAdapter(_adapter, sequence.Generation.Adapter?.Description.Scale ?? 1);
        }
    }
}
