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
    LlamaModel model, LlamaContext context, SlotCache cache, BatchRunner batches, EngineSettings settings, RequestQueue queue, EngineCounters counters, TimeProvider clock)
{
    // Waking a reader and writing its message takes as long as a decode of a tiny model. Within this time nobody misses a token.
    private static readonly TimeSpan LongestHold = TimeSpan.FromMilliseconds(2);

    private readonly PrefillSharing _sharing = new(cache, counters);
    private readonly List<RunningSequence> _running = [];
    private long _flushedAt;
    private bool _flushSoon;

    /// <summary>Runs until asked to stop; then ends what is left.</summary>
    /// <param name="wake">Set whenever there may be something to do.</param>
    /// <param name="turnEnded">Called after each turn with the count of running requests.</param>
    /// <param name="stopping">Whether to stop.</param>
    public void Run(AutoResetEvent wake, Action<int> turnEnded, Func<bool> stopping)
    {
        ReportOccupation();
        while (!stopping())
        {
            EndThoseThatGaveUp();
            _sharing.StartThoseThatWaited(_running);
            Admit();
            var pauseEnds = batches.Plan(_running);
            if (!batches.HoldsTokens)
            {
                Flush();
                turnEnded(_running.Count);
                wake.WaitOne(pauseEnds ?? Timeout.InfiniteTimeSpan);
                continue;
            }

            if (batches.HoldsPrompts)
            {
                // It takes long, and what was said can be read meanwhile.
                Flush();
            }

            batches.Compute();
            Sample();
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
            cache.Take(placement);
            _running.Add(sequence);
            // Before its holder hears of the slot.
            ReportOccupation();
            _sharing.Start(sequence, placement, _running);
        }
    }

    private void Sample()
    {
        foreach (var sequence in batches.Sampling)
        {
            var accepted = sequence.Generation.CancelRequested ? 0 : Sample(sequence);
            batches.Settle(sequence, accepted);
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

    // Every token is drawn from the logits that follow those before it, so guesses change the speed and never the answer.
    private int Sample(RunningSequence sequence)
    {
        var accepted = 0;
        while (TryChoose(sequence, sequence.LogitsIndex + accepted, out var token))
        {
            sequence.LastToken = token;
            sequence.Sampled++;
            _flushSoon |= sequence.Sampled == 1;
            counters.TokenSampled();
            sequence.Generation.TokenSampled();
            Deliver(sequence, token, sequence.LogitsIndex + accepted);
            if (sequence.Ended || accepted == sequence.DraftCount || sequence.Draft[accepted] != token)
            {
                break;
            }

            accepted++;
        }

        return accepted;
    }

    private bool TryChoose(RunningSequence sequence, int index, out int token)
    {
        try
        {
            token = sequence.Generation.Sampler!.Sample(context, index);
            return true;
        }
        catch (LlamaException exception) when (exception.Fault == LlamaFault.SamplingFailed)
        {
            token = -1;
            End(sequence, EndCause.ConstraintFailed, detail: exception.Message);
            return false;
        }
    }

    private void Deliver(RunningSequence sequence, int token, int index)
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

        var logProbs = request.LogProbs > 0 ? TokenLogProbs.Of(context.GetLogits(index), token, request.LogProbs) : null;
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
