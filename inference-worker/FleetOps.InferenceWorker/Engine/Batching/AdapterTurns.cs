using FleetOps.LlamaCpp.Models;

namespace FleetOps.InferenceWorker.Engine.Batching;

/// <summary>
/// Decides with which LoRA adapter the next batch is computed. llama.cpp applies one to a whole batch, and a change makes
/// it plan anew, so those of one adapter are computed together and keep their turn for a few batches. Then it is the turn
/// of the sequence that has waited longest. Not safe for concurrent use.
/// </summary>
internal sealed class AdapterTurns
{
    /// <summary>Batches of a turn while others wait. A batch with prompts takes long, so it is a turn by itself.</summary>
    public const int Batches = 4;

    private long _batches;
    private LlamaAdapter? _current;
    private int _left;

    /// <summary>Chooses among sequences that could be computed, and notes that those with the adapter will be.</summary>
    public LlamaAdapter? Next(List<RunningSequence> ready)
    {
        RunningSequence? patient = null;
        var (goesOn, prompts) = (false, false);
        foreach (var sequence in ready)
        {
            if (sequence.Adapter == _current)
            {
                goesOn = true;
            }
            else if (patient is null || sequence.LastBatch < patient.LastBatch)
            {
                patient = sequence;
            }
        }

        if (patient is not null && (!goesOn || _left <= 0))
        {
            _current = patient.Adapter;
            _left = Batches;
        }

        _batches++;
        foreach (var sequence in ready)
        {
            if (sequence.Adapter == _current)
            {
                sequence.LastBatch = _batches;
                prompts |= sequence.PromptTokensLeft > 0;
            }
        }

        _left = prompts ? 0 : _left - 1;
        return _current;
    }
}
