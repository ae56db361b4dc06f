using FleetOps.InferenceWorker.Engine.Adapters;
using FleetOps.InferenceWorker.Engine.Batching;
using FleetOps.InferenceWorker.Engine.Prefixes;
using FleetOps.InferenceWorker.Engine.Requests;
using FleetOps.InferenceWorker.Engine.Sampling;
using FleetOps.LlamaCpp;
using FleetOps.LlamaCpp.Contexts;
using FleetOps.LlamaCpp.Models;

namespace FleetOps.InferenceWorker.Engine;

/// <summary>
/// Answers requests with one llama.cpp context, several at a time. Owns the context and the thread that uses it.
/// Safe for use from any thread.
/// </summary>
internal sealed class InferenceEngine : IDisposable
{
    private static readonly TimeSpan ShortestRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(60);

    private readonly LlamaModel _model;
    private readonly LlamaContext _context;
    private readonly AdapterSet? _adapters;
    private readonly BatchRunner _batches;
    private readonly RequestQueue _queue;
    private readonly TimeProvider _clock;
    private readonly EngineLoop _loop;
    private readonly Thread _thread;
    private readonly AutoResetEvent _wake = new(initialState: false);
    private readonly TaskCompletionSource<Exception> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _closed;
    private volatile bool _stopping;

    /// <summary>Makes an engine; <see cref="Start"/> sets it going. The model stays the caller's.</summary>
    public InferenceEngine(LlamaModel model, LlamaContext context, EngineSettings settings, TimeProvider clock, Action<int>? batchComputed = null, AdapterSet? adapters = null)
    {
        if (settings.BatchTokens < settings.MaxSequences)
        {
            throw new ArgumentException($"A batch of {settings.BatchTokens} tokens is too small for {settings.MaxSequences} sequences, each of which takes one.", nameof(settings));
        }

        _model = model;
        _context = context;
        _adapters = adapters;
        _clock = clock;
        Settings = settings;
        _queue = new RequestQueue(settings.MaxWaiting, settings.MaxWaitingTokens, settings.MaxWaitingPerTenant);
        var cache = new SlotCache(context, settings.MaxSequences, settings.ReusePrefixes && model.KeepsEachToken);
        _batches = new BatchRunner(context, cache, settings, Counters, clock) { Computed = batchComputed };
        _loop = new EngineLoop(model, context, cache, _batches, settings, _queue, Counters, clock);
        _thread = new Thread(Run) { Name = "engine", IsBackground = true };
    }

    /// <summary>The bounds.</summary>
    public EngineSettings Settings { get; }

    /// <summary>The context; only the engine's own thread may use it.</summary>
    internal LlamaContext Context => _context;

    /// <summary>What was done so far.</summary>
    public EngineCounters Counters { get; } = new();

    /// <summary>What the engine is at now. The values are read one by one, so that two of them may be a batch apart.</summary>
    public EngineLoad Load => new(
        Running, Waiting, _queue.Tokens, Counters.FreeSlots, Counters.KvTokens, Counters.IdleKvTokens,
        (long)Settings.ContextLength * Settings.MaxSequences, Counters.CachedBlocks, Counters.PromptTokens, Counters.CachedPromptTokens,
        Counters.SampledTokens, EstimatedWait, _closed);

    /// <summary>Requests that hold a slot.</summary>
    public int Running => Counters.Running;

    /// <summary>Requests that wait for a slot.</summary>
    public int Waiting => _queue.Count;

    /// <summary>Completes with the fault when the engine has failed; every request has been ended by then.</summary>
    public Task<Exception> Failed => _failed.Task;

    /// <summary>When to come back after <see cref="EngineRefusal.QueueFull"/>: about when half of the queue has moved on.</summary>
    public TimeSpan RetryDelay
    {
        get
        {
            var seconds = Counters.MeanSlotSeconds * Settings.MaxWaiting / Settings.MaxSequences / 2;
            return TimeSpan.FromSeconds(Math.Clamp(seconds, ShortestRetry.TotalSeconds, LongestRetry.TotalSeconds));
        }
    }

    /// <summary>How long a request that came now would wait for a slot, after how long requests hold theirs lately.</summary>
    public TimeSpan EstimatedWait
    {
        get
        {
            var before = _queue.Count + 1 - (Settings.MaxSequences - Counters.Running);
            return before <= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(Counters.MeanSlotSeconds * before / Settings.MaxSequences);
        }
    }

    /// <summary>Starts the thread.</summary>
    public void Start() => _thread.Start();

    /// <summary>Puts a request into the queue. Its sampler is made here, on the caller's thread, which may take a while for a large grammar.</summary>
    /// <exception cref="EngineRefusedException">The queue is full, the wait would be too long, or the engine is closed or has failed.</exception>
    /// <exception cref="LlamaException">The grammar cannot be compiled (<see cref="LlamaFault.InvalidGrammar"/>).</exception>
    public Generation Submit(GenerationRequest request)
    {
        if (_closed)
        {
            throw new EngineRefusedException(EngineRefusal.Closed, "The worker is draining; another one will answer.");
        }

        // Compiling a grammar first would let those that are refused take the time of those that are not.
        if (!_queue.HasRoom(request.Tenant, request.Prompt.Count))
        {
            throw Refusal(request.Tenant);
        }

        if (request.LongestWait is { } longest && EstimatedWait is var wait && wait > longest)
        {
            throw new EngineRefusedException(
                EngineRefusal.WaitTooLong, $"A slot is expected in {wait.TotalSeconds:0.0} s, and the request may wait for {longest.TotalSeconds:0.0} s.", wait);
        }

        var adapter = request.AdapterName is { } name
            ? _adapters?.Acquire(name) ?? throw new EngineRefusedException(EngineRefusal.UnknownAdapter, $"There is no adapter '{name}'.")
            : null;
        var generation = Make(request, adapter);
        if (!_queue.TryEnqueue(generation))
        {
            generation.Complete(EndCause.Cancelled, sampledTokens: 0);
            throw Refusal(request.Tenant);
        }

        _wake.Set();
        return generation;
    }

    /// <summary>Takes no more requests and completes when those that are running or waiting have ended.</summary>
    public Task DrainAsync()
    {
        _closed = true;
        _wake.Set();
        return _idle.Task;
    }

    /// <summary>Ends what is still running with <see cref="EndCause.Drained"/> and waits for the thread.</summary>
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
        // The event stays: a handler that ends late still cancels its request.
        Stop();
        _batches.Dispose();
        _context.Dispose();
    }

    private Generation Make(GenerationRequest request, AdapterLease? adapter)
    {
        try
        {
            var sampler = SamplerFactory.Create(_model, request, Settings.ContextLength);
            return new Generation(request, sampler, adapter, Settings.OutputCapacity, _clock, roomMade: _ => _wake.Set(), cancel: Cancel);
        }
        catch
        {
            adapter?.Dispose();
            throw;
        }
    }

    // A loop that ends says so before it closes the queue, so the cause is known here.
    private EngineRefusedException Refusal(string tenant) => _closed || _stopping
        ? new EngineRefusedException(EngineRefusal.Closed, "The worker is ending; another one will answer.")
        : new EngineRefusedException(EngineRefusal.QueueFull, Fullness(tenant), RetryDelay);

    private string Fullness(string tenant)
    {
        if (_queue.Count >= Settings.MaxWaiting)
        {
            return $"{Settings.MaxWaiting} requests are waiting already, which is the bound (--max-waiting).";
        }

        return _queue.IsFullFor(tenant)
            ? $"{Settings.MaxWaitingPerTenant} requests of the tenant '{tenant}' are waiting already, which is the bound of each (--max-waiting-per-tenant)."
            : $"{_queue.Tokens} prompt tokens are waiting already; {Settings.MaxWaitingTokens} may (--max-waiting-tokens).";
    }

    private void Cancel(Generation generation)
    {
        if (_queue.Remove(generation))
        {
            generation.Complete(EndCause.Cancelled, sampledTokens: 0);
        }

        _wake.Set();
    }

    private void Run()
    {
        try
        {
            _loop.Run(_wake, TurnEnded, () => _stopping);
        }
        catch (Exception exception)
        {
            // Nothing about the context can be trusted now. Whoever waits must hear of it before anything else.
            _closed = true;
            _loop.Abandon(EndCause.EngineFailed);
            _failed.TrySetResult(exception);
        }
        finally
        {
            _idle.TrySetResult();
        }
    }

    private void TurnEnded(int running)
    {
        if (_closed && running == 0 && _queue.Count == 0)
        {
            _idle.TrySetResult();
        }
    }
}
