namespace FleetOps.InferenceWorker.Engine.Embedding;

/// <summary>
/// Requests whose inputs wait. Each batch takes one input of each request in turn, so that a request of a thousand inputs
/// does not hold up one of a single; the request that began a batch goes to the end of the row. Safe for concurrent use.
/// </summary>
/// <param name="capacity">Inputs that may wait.</param>
internal sealed class EmbeddingQueue(int capacity)
{
    private readonly Lock _lock = new();
    private readonly List<EmbeddingJob> _jobs = [];
    private int _waiting;
    private bool _closed;

    /// <summary>Inputs that wait.</summary>
    public int WaitingInputs
    {
        get
        {
            lock (_lock)
            {
                return _waiting;
            }
        }
    }

    /// <summary>Requests of which an input waits.</summary>
    public int Requests
    {
        get
        {
            lock (_lock)
            {
                return _jobs.Count;
            }
        }
    }

    /// <summary>Adds a request; fails if its inputs do not fit or the queue is closed. A request larger than the whole queue fits when nothing waits.</summary>
    public bool TryAdd(EmbeddingJob job)
    {
        lock (_lock)
        {
            if (_closed || (_waiting > 0 && _waiting + job.Waiting > capacity))
            {
                return false;
            }

            _jobs.Add(job);
            _waiting += job.Waiting;
            return true;
        }
    }

    /// <summary>Takes out a request that gave up.</summary>
    public void Remove(EmbeddingJob job)
    {
        lock (_lock)
        {
            if (_jobs.Remove(job))
            {
                _waiting -= job.Waiting;
            }
        }
    }

    /// <summary>Takes the inputs of the next batch.</summary>
    /// <param name="maxInputs">The most inputs.</param>
    /// <param name="maxTokens">The most tokens; no input has more.</param>
    /// <returns>Requests and the places of their inputs; empty if none waits.</returns>
    public List<(EmbeddingJob Job, int Input)> Take(int maxInputs, int maxTokens)
    {
        var taken = new List<(EmbeddingJob, int)>();
        lock (_lock)
        {
            var first = _jobs.FirstOrDefault();
            for (var progress = true; progress && taken.Count < maxInputs;)
            {
                progress = false;
                foreach (var job in _jobs)
                {
                    if (taken.Count < maxInputs && job.Waiting > 0 && job.Input(job.Next).Length <= maxTokens)
                    {
                        maxTokens -= job.Input(job.Next).Length;
                        taken.Add((job, job.Take()));
                        progress = true;
                    }
                }
            }

            _waiting -= taken.Count;
            _jobs.RemoveAll(static job => job.Waiting == 0);
            if (first is not null && _jobs.Remove(first))
            {
                _jobs.Add(first);
            }
        }

        return taken;
    }

    /// <summary>Takes no more requests and returns those that were waiting.</summary>
    public IReadOnlyList<EmbeddingJob> Close()
    {
        lock (_lock)
        {
            _closed = true;
            EmbeddingJob[] waiting = [.. _jobs];
            _jobs.Clear();
            _waiting = 0;
            return waiting;
        }
    }
}
