namespace FleetOps.InferenceWorker.Engine.Embedding;

/// <summary>One request: inputs that are computed one after the other, some of them side by side. Guarded by the queue that holds it.</summary>
internal sealed class EmbeddingJob(IReadOnlyList<int[]> inputs)
{
    private readonly TaskCompletionSource<IReadOnlyList<EmbeddingResult>> _source = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly EmbeddingResult[] _results = new EmbeddingResult[inputs.Count];
    private int _done;

    /// <summary>Completes with the results in the order of the inputs.</summary>
    public Task<IReadOnlyList<EmbeddingResult>> Result => _source.Task;

    /// <summary>Which input is computed next; the count of inputs when all have been taken.</summary>
    public int Next { get; private set; }

    /// <summary>Inputs that nobody has taken.</summary>
    public int Waiting => inputs.Count - Next;

    /// <summary>The tokens of an input.</summary>
    public int[] Input(int index) => inputs[index];

    /// <summary>Takes the next input.</summary>
    public int Take() => Next++;

    /// <summary>Keeps the result of an input; the last one completes the request.</summary>
    public void Deliver(int index, EmbeddingResult result)
    {
        _results[index] = result;
        if (++_done == _results.Length)
        {
            _source.TrySetResult(_results);
        }
    }

    /// <summary>Ends the request with a fault.</summary>
    public void Fail(Exception fault) => _source.TrySetException(fault);

    /// <summary>Ends the request because its caller gave up.</summary>
    public void Cancel(CancellationToken cancellationToken) => _source.TrySetCanceled(cancellationToken);
}
