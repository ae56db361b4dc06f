using FleetOps.LlamaCpp.Contexts;
using FleetOps.LlamaCpp.Models;

namespace FleetOps.InferenceWorker.Engine.Embedding;

/// <summary>
/// Computes embeddings, or the scores of a reranker, with one llama.cpp context, the inputs of several requests at a time.
/// Owns the context and the thread that uses it. Safe for use from any thread.
/// </summary>
internal sealed class EmbeddingEngine : IDisposable
{
    private readonly LlamaModel _model;
    private readonly LlamaContext _context;
    private readonly EmbeddingQueue _queue;
    private readonly Action<int>? _batchComputed;
    private readonly Thread _thread;
    private readonly AutoResetEvent _wake = new(initialState: false);
    private readonly TaskCompletionSource<Exception> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _running;
    private volatile bool _closed;
    private volatile bool _stopping;

    /// <summary>Makes an engine; <see cref="Start"/> sets it going. The model stays the caller's.</summary>
    /// <param name="model">The model of the context.</param>
    /// <param name="context">Puts out embeddings; taken over.</param>
    /// <param name="settings">The bounds.</param>
    /// <param name="batchComputed">Told how many tokens each batch held.</param>
    /// <exception cref="ArgumentException">The context puts out no embeddings, or is too small for the bounds.</exception>
    public EmbeddingEngine(LlamaModel model, LlamaContext context, EmbeddingSettings settings, Action<int>? batchComputed = null)
    {
        if (context.Pooling is not { } pooling)
        {
            throw new ArgumentException("The context puts out logits; make it with Embeddings.", nameof(context));
        }

        if (settings.BatchTokens > context.BatchSize || settings.MaxInputTokens > settings.BatchTokens || settings.MaxSequences > context.MaxSequences)
        {
            throw new ArgumentException(
                $"A context with batches of {context.BatchSize} tokens and {context.MaxSequences} sequences cannot compute inputs of {settings.MaxInputTokens} tokens in batches of {settings.BatchTokens} tokens and {settings.MaxSequences} sequences.",
                nameof(settings));
        }

        _model = model;
        _context = context;
        _batchComputed = batchComputed;
        Settings = settings;
        Pooling = pooling;
        Width = pooling == PoolingType.Rank ? model.ClassCount : model.EmbeddingOutputLength;
        _queue = new EmbeddingQueue(settings.MaxWaitingInputs);
        _thread = new Thread(Run) { Name = "embedding", IsBackground = true };
    }

    /// <summary>The bounds.</summary>
    public EmbeddingSettings Settings { get; }

    /// <summary>How the embeddings of an input are pooled; with <see cref="PoolingType.Rank"/> scores come out.</summary>
    public PoolingType Pooling { get; }

    /// <summary>Numbers in each vector; with <see cref="PoolingType.Rank"/> the number of scores, of which the first is the relevance.</summary>
    public int Width { get; }

    /// <summary>Inputs that are being computed.</summary>
    public int Running => Volatile.Read(ref _running);

    /// <summary>Requests of which an input waits.</summary>
    public int Waiting => _queue.Requests;

    /// <summary>Inputs that the next batch could take besides those that wait; none while any has to wait.</summary>
    public int FreeSlots => _queue.Requests > 0 ? 0 : Math.Max(0, Settings.MaxSequences - Running);

    /// <summary>When to come back after <see cref="EngineRefusal.QueueFull"/>: inputs take milliseconds each.</summary>
    public TimeSpan RetryDelay { get; } = TimeSpan.FromSeconds(1);

    /// <summary>Completes with the fault when the engine has failed; every request has been ended by then.</summary>
    public Task<Exception> Failed => _failed.Task;

    /// <summary>Starts the thread.</summary>
    public void Start() => _thread.Start();

    /// <summary>Computes inputs; the results are in their order.</summary>
    /// <param name="inputs">Token ids, 1 to <see cref="EmbeddingSettings.MaxInputTokens"/> of each input, with the special tokens that the model wants.</param>
    /// <param name="cancellationToken">Gives up; what has begun is computed to its end.</param>
    /// <exception cref="ArgumentException">An input is empty or too long, or holds a token that the vocabulary lacks.</exception>
    /// <exception cref="EngineRefusedException">Too many inputs wait, or the engine is closed or has failed.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async Task<IReadOnlyList<EmbeddingResult>> EmbedAsync(IReadOnlyList<int[]> inputs, CancellationToken cancellationToken)
    {
        for (var i = 0; i < inputs.Count; i++)
        {
            Check(inputs[i], i);
        }

        if (inputs.Count == 0)
        {
            return [];
        }

        cancellationToken.ThrowIfCancellationRequested();
        var job = new EmbeddingJob(inputs);
        if (_closed)
        {
            throw Closed();
        }

        if (!_queue.TryAdd(job))
        {
            throw _closed || _stopping
                ? Closed()
                : new EngineRefusedException(EngineRefusal.QueueFull, $"{_queue.WaitingInputs} inputs are waiting already; with these {inputs.Count} there would be more than {Settings.MaxWaitingInputs}, which is the bound.");
        }

        _wake.Set();
        await using var registration = cancellationToken.Register(() =>
        {
            _queue.Remove(job);
            job.Cancel(cancellationToken);
            _wake.Set();
        });
        return await job.Result;
    }

    /// <summary>Takes no more requests and completes when those that are running or waiting have ended.</summary>
    public Task DrainAsync()
    {
        _closed = true;
        _wake.Set();
        return _idle.Task;
    }

    /// <summary>Ends what still waits as refused, and waits for the thread.</summary>
    public void Stop()
    {
        _closed = true;
        _stopping = true;
        _wake.Set();
        if (!_thread.ThreadState.HasFlag(ThreadState.Unstarted))
        {
            _thread.Join();
        }
    }

    /// <summary>Stops, and frees the context.</summary>
    public void Dispose()
    {
        // The event stays: a caller that gives up late still sets it.
        Stop();
        _context.Dispose();
    }

    private static EngineRefusedException Closed() => new(EngineRefusal.Closed, "The worker is draining; another one will answer.");

    private void Check(int[] input, int index)
    {
        if (input.Length == 0 || input.Length > Settings.MaxInputTokens)
        {
            throw new ArgumentException($"Input {index} has {input.Length} tokens; 1 to {Settings.MaxInputTokens} can be computed.", nameof(input));
        }

        if (Array.FindIndex(input, token => (uint)token >= (uint)_model.Vocabulary.Count) is var wrong and not -1)
        {
            throw new ArgumentException($"Input {index} holds token {input[wrong]}; the vocabulary has 0 to {_model.Vocabulary.Count - 1}.", nameof(input));
        }
    }

    private void Run()
    {
        var taken = new List<(EmbeddingJob Job, int Input)>();
        try
        {
            using var batch = new LlamaBatch(Settings.BatchTokens);
            while (!_stopping)
            {
                taken = _queue.Take(Settings.MaxSequences, Settings.BatchTokens);
                if (taken.Count > 0)
                {
                    Compute(batch, taken);
                    continue;
                }

                if (_closed)
                {
                    _idle.TrySetResult();
                }

                _wake.WaitOne();
            }

            End(taken, static () => Closed());
        }
        catch (Exception exception)
        {
            // Nothing about the context can be trusted now. Whoever waits must hear of it before anything else.
            _closed = true;
            End(taken, () => new InvalidOperationException($"The engine failed: {exception.Message}", exception));
            _failed.TrySetResult(exception);
        }
        finally
        {
            _idle.TrySetResult();
        }
    }

    private void End(List<(EmbeddingJob Job, int Input)> taken, Func<Exception> why)
    {
        // What was computed to its end keeps its result; of a request that was begun, the rest still waits.
        foreach (var job in _queue.Close().Concat(taken.Select(static part => part.Job)))
        {
            job.Fail(why());
        }
    }

    private void Compute(LlamaBatch batch, List<(EmbeddingJob Job, int Input)> taken)
    {
        batch.Clear();
        _context.MemoryClear();
        for (var sequence = 0; sequence < taken.Count; sequence++)
        {
            var tokens = taken[sequence].Job.Input(taken[sequence].Input);
            for (var position = 0; position < tokens.Length; position++)
            {
                batch.Add(tokens[position], position, sequence, output: true);
            }
        }

        Volatile.Write(ref _running, taken.Count);
        var status = _context.Decode(batch);
        Volatile.Write(ref _running, 0);
        if (status != DecodeStatus.Success)
        {
            throw new InvalidOperationException($"llama.cpp answered {status} to a batch of {batch.Count} tokens of {taken.Count} inputs.");
        }

        _batchComputed?.Invoke(batch.Count);
        var first = 0;
        for (var sequence = 0; sequence < taken.Count; sequence++)
        {
            var (job, input) = taken[sequence];
            var tokens = job.Input(input).Length;
            job.Deliver(input, new EmbeddingResult(tokens, Read(sequence, first, tokens)));
            first += tokens;
        }
    }

    private float[] Read(int sequence, int first, int tokens)
    {
        if (Pooling != PoolingType.None)
        {
            return _context.GetSequenceEmbedding(sequence).ToArray();
        }

        var values = new float[tokens * Width];
        for (var i = 0; i < tokens; i++)
        {
            _context.GetTokenEmbedding(first + i).CopyTo(values.AsSpan(i * Width));
        }

        return values;
    }
}
