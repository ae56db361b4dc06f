using FleetOps.InferenceWorker.Engine.Batching;
using FleetOps.InferenceWorker.Engine.Prefixes;
using FleetOps.InferenceWorker.Engine.Requests;
using FleetOps.LlamaCpp;
using FleetOps.LlamaCpp.Contexts;
using FleetOps.LlamaCpp.Models;

namespace FleetOps.InferenceWorker.Engine;

/// <summary>
/// The continuous batching loop. Each turn: free the slots of those that gave up, admit from the queue, plan one batch,
/// compute it, sample, hand out the tokens. One thread runs it and is the only one that touches the context.
/// </summary>
internal sealed class EngineLoop(
    LlamaModel model, LlamaContext context, SlotCache cache, EngineSettings settings, RequestQueue queue, EngineCounters counters, TimeProvider clock)
{
    // Waking a reader and writing its message takes as long as a decode of a tiny model. Within this time nobody misses a token.
    private static readonly TimeSpan LongestHold = TimeSpan.FromMilliseconds(2);

    private readonly PrefillSharing _sharing = new(cache, counters);
    private readonly PromptPace _pace = new(settings.MaxSequences, settings.BatchTokens);
    private readonly RunningSequence?[] _slots = new RunningSequence?[settings.MaxSequences];
    private readonly List<RunningSequence> _running = [];
    private readonly SequenceWork[] _work = new SequenceWork[settings.MaxSequences];
    private readonly BatchShare[] _shares = new BatchShare[settings.MaxSequences];
    private long _flushedAt;
    private bool _flushSoon;

    /// <summary>Tells how many tokens each batch held.</summary>
    public Action<int>? BatchComputed { get; init; }

    /// <summary>Runs until asked to stop; then ends what is left.</summary>
    /// <param name="wake">Set whenever there may be something to do.</param>
    /// <param name="turnEnded">Called after each turn with the count of running requests.</param>
    /// <param name="stopping">Whether to stop.</param>
    public void Run(AutoResetEvent wake, Action<int> turnEnded, Func<bool> stopping)
    {
        using var batch = new LlamaBatch(settings.BatchTokens);
        ReportOccupation();
        while (!stopping())
        {
            EndThoseThatGaveUp();
            _sharing.StartThoseThatWaited(_running);
            Admit();
            var (planned, pauseEnds) = Plan();
            if (planned == 0)
            {
                Flush();
                turnEnded(_running.Count);
                wake.WaitOne(pauseEnds ?? Timeout.InfiniteTimeSpan);
                continue;
            }

            if (_flushSoon)
            {
                Flush();
            }

            Compute(batch, planned);
            Sample(planned);
            turnEnded(_running.Count);
        }

        EndAll(EndCause.Drained);
    }

    private void EndAll(EndCause cause)
    {
        foreach (var waiting in queue.Close())
        {
            waiting.Complete(cause, sampledTokens: 0);
        }

        foreach (var sequence in _running.ToArray())
        {
            Release(sequence);
            sequence.Generation.Complete(cause, sequence.Sampled);
        }
    }

    /// <summary>Ends every running and waiting request without touching the context, which cannot be trusted any more.</summary>
    public void Abandon(EndCause cause)
    {
        foreach (var waiting in queue.Close())
        {
            waiting.Complete(cause, sampledTokens: 0);
        }

        foreach (var sequence in _running)
        {
            sequence.Generation.Complete(cause, sequence.Sampled);
        }

        _running.Clear();
        counters.Occupied(0, 0);
    }

    private void EndThoseThatGaveUp()
    {
        for (var i = _running.Count - 1; i >= 0; i--)
        {
            var sequence = _running[i];
            if (sequence.Generation.CancelRequested)
            {
                End(sequence, EndCause.Cancelled);
            }
            else if (sequence.PausedAt is { } paused && clock.GetElapsedTime(paused) >= settings.SlowReaderTimeout)
            {
                End(sequence, EndCause.SlowReader);
            }
        }
    }

    private void Admit()
    {
        while (_running.Count < settings.MaxSequences && queue.TryDequeue(out var generation))
        {
            if (generation.CancelRequested)
            {
                generation.Complete(EndCause.Cancelled, sampledTokens: 0);
                continue;
            }

            // A slot has cells for a whole context, so whatever a request comes to, it fits: nothing that runs has to give way.
            var placement = cache.Place(generation.Scope, generation.Prompt);
            var sequence = new RunningSequence(placement.Slot, generation, clock.GetTimestamp());
            cache.Take(sequence.Slot);
            _slots[sequence.Slot] = sequence;
            _running.Add(sequence);
            _sharing.Start(sequence, placement, _running);
            ReportOccupation();
        }
    }

    private (int Planned, TimeSpan? PauseEnds) Plan()
    {
        TimeSpan? pauseEnds = null;
        var (count, prompts) = (0, 0);
        foreach (var sequence in _running)
        {
            sequence.LogitsIndex = -1;
            if (!sequence.Started)
            {
                continue;
            }

            if (sequence.Generation.HasRoom)
            {
                sequence.PausedAt = null;
                prompts += sequence.PromptTokensLeft > 0 ? 1 : 0;
                _work[count++] = new SequenceWork(sequence.Slot, sequence.PromptTokensLeft);
                continue;
            }

            sequence.PausedAt ??= clock.GetTimestamp();
            var left = settings.SlowReaderTimeout - clock.GetElapsedTime(sequence.PausedAt.Value);
            left = left > TimeSpan.Zero ? left : TimeSpan.FromMilliseconds(1);
            pauseEnds = pauseEnds is { } soonest && soonest < left ? soonest : left;
        }

        // Prompts make a batch long, and a first token is waited for.
        _flushSoon = prompts > 0;
        return (BatchPlanner.Plan(_work.AsSpan(0, count), settings.BatchTokens, _pace.Budget(count - prompts, prompts), _shares), pauseEnds);
    }

    private void Compute(LlamaBatch batch, int planned)
    {
        batch.Clear();
        var (promptTokens, decoding) = (0, 0);
        // llama.cpp computes streams together where their numbers follow one another.
        _shares.AsSpan(0, planned).Sort(static (one, other) => one.Slot.CompareTo(other.Slot));
        foreach (var share in _shares.AsSpan(0, planned))
        {
            var sequence = _slots[share.Slot]!;
            var prompt = sequence.Generation.Prompt;
            var decodes = sequence.PromptTokensLeft == 0;
            promptTokens += decodes ? 0 : share.Tokens;
            decoding += decodes ? 1 : 0;
            for (var i = 0; i < share.Tokens; i++)
            {
                var token = decodes ? sequence.LastToken : prompt[sequence.Position];
                var index = batch.Add(token, sequence.Position, share.Slot, share.Samples && i == share.Tokens - 1);
                sequence.Position++;
                sequence.LogitsIndex = index;
            }

            sequence.LogitsIndex = share.Samples ? sequence.LogitsIndex : -1;
        }

        var tokens = batch.Count;
        var started = clock.GetTimestamp();
        var status = context.Decode(batch);
        if (status != DecodeStatus.Success)
        {
            throw new InvalidOperationException($"llama.cpp answered {status} to a batch of {tokens} tokens of {planned} sequences.");
        }

        _pace.Note(decoding, promptTokens, clock.GetElapsedTime(started));
        NoteComputed(planned);
        counters.BatchComputed(promptTokens);
        BatchComputed?.Invoke(tokens);
    }

    private void NoteComputed(int planned)
    {
        foreach (var share in _shares.AsSpan(0, planned))
        {
            var sequence = _slots[share.Slot]!;
            var from = sequence.Position - share.Tokens;
            var prompt = sequence.Generation.Prompt;
            var last = sequence.LastToken;
            cache.Append(share.Slot, from < prompt.Length ? prompt.AsSpan(from, share.Tokens) : new ReadOnlySpan<int>(ref last));
        }
    }

    private void Sample(int planned)
    {
        foreach (var share in _shares.AsSpan(0, planned))
        {
            var sequence = _slots[share.Slot]!;
            if (sequence.LogitsIndex < 0 || sequence.Generation.CancelRequested)
            {
                continue;
            }

            if (!TryChoose(sequence, out var token))
            {
                continue;
            }

            sequence.LastToken = token;
            sequence.Sampled++;
            _flushSoon |= sequence.Sampled == 1;
            counters.TokenSampled();
            sequence.Generation.TokenSampled();
            Deliver(sequence, token);
        }

        if (_flushSoon || clock.GetElapsedTime(_flushedAt) >= LongestHold)
        {
            Flush();
        }

        ReportOccupation();
    }

    private void Flush()
    {
        foreach (var sequence in _running)
        {
            sequence.Generation.Flush();
        }

        _flushedAt = clock.GetTimestamp();
        _flushSoon = false;
    }

    private bool TryChoose(RunningSequence sequence, out int token)
    {
        try
        {
            token = sequence.Generation.Sampler!.Sample(context, sequence.LogitsIndex);
            return true;
        }
        catch (LlamaException exception) when (exception.Fault == LlamaFault.SamplingFailed)
        {
            token = -1;
            End(sequence, EndCause.ConstraintFailed, detail: exception.Message);
            return false;
        }
    }

    private void Deliver(RunningSequence sequence, int token)
    {
        var request = sequence.Generation.Request;
        if (request.StopTokens.Contains(token))
        {
            End(sequence, EndCause.StopToken, token);
            return;
        }

        if (!request.IgnoreEndOfGeneration && model.Vocabulary.IsEndOfGeneration(token))
        {
            End(sequence, EndCause.EndOfGeneration, token);
            return;
        }

        var logProbs = request.LogProbs > 0 ? TokenLogProbs.Of(context.GetLogits(sequence.LogitsIndex), token, request.LogProbs) : null;
        sequence.Generation.Write(new GeneratedToken(token, logProbs));
        if (sequence.Sampled >= request.MaxTokens)
        {
            End(sequence, EndCause.MaxTokens);
        }
        else if (sequence.Generation.Prompt.Length + sequence.Sampled >= settings.ContextLength)
        {
            End(sequence, EndCause.ContextFull);
        }
    }

    private void End(RunningSequence sequence, EndCause cause, int? finalToken = null, string? detail = null)
    {
        Release(sequence);
        queue.Charge(sequence.Generation, sequence.Sampled);
        counters.SlotFreed(clock.GetElapsedTime(sequence.AdmittedAt));
        sequence.Generation.Complete(cause, sequence.Sampled, finalToken, detail);
    }

    /// <summary>Frees the slot before its holder hears of the end, so that whoever was told finds it free.</summary>
    private void Release(RunningSequence sequence)
    {
        _running.Remove(sequence);
        _slots[sequence.Slot] = null;
        sequence.Ended = true;
        cache.Release(sequence.Slot);
        ReportOccupation();
    }

    private void ReportOccupation()
    {
        long kvTokens = 0;
        foreach (var sequence in _running)
        {
            kvTokens += sequence.Position;
        }

        counters.Occupied(_running.Count, kvTokens);
        counters.Kept(cache.Free, cache.IdleTokens, cache.Blocks);
    }
}
