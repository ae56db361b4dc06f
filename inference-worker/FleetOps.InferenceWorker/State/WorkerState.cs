namespace FleetOps.InferenceWorker.State;

/// <summary>
/// The worker's state machine: Fetching ► Verifying ► Loading ► Warming ► Serving ► Draining ► Stopped, or Failed.
/// Safe for use from any thread.
/// </summary>
internal sealed class WorkerState(TimeProvider clock, string version)
{
    private readonly Lock _lock = new();
    private readonly List<PhaseDuration> _past = [];
    private readonly List<StepDuration> _steps = [];
    private readonly List<Action<WorkerPhase>> _followers = [];
    private readonly List<(Predicate<WorkerPhase> Met, TaskCompletionSource<WorkerPhase> Source)> _waiters = [];
    private WorkerPhase _phase = WorkerPhase.Fetching;
    private DateTimeOffset _since = clock.GetUtcNow();
    private long _sinceTimestamp = clock.GetTimestamp();
    private string _reason = "";
    private string _message = "";
    private long _fetchedBytes;
    private long _totalBytes;
    private double _bytesPerSecond;
    private double? _secondsLeft;
    private string _engineVersion = "";
    private BackendDescription? _backend;
    private ModelDescription? _model;
    private MemoryDescription? _memory;

    /// <summary>Where the worker stands.</summary>
    public WorkerPhase Phase
    {
        get
        {
            lock (_lock)
            {
                return _phase;
            }
        }
    }

    /// <summary>When this worker was started.</summary>
    public DateTimeOffset StartedAt { get; } = clock.GetUtcNow();

    /// <summary>Version of the program.</summary>
    public string Version { get; } = version;

    /// <summary>Version of llama.cpp; empty until it has been loaded.</summary>
    public string EngineVersion
    {
        get => Volatile.Read(ref _engineVersion);
        set => Volatile.Write(ref _engineVersion, value);
    }

    /// <summary>What computes; null until chosen.</summary>
    public BackendDescription? Backend
    {
        get
        {
            lock (_lock)
            {
                return _backend;
            }
        }

        set
        {
            lock (_lock)
            {
                _backend = value;
            }
        }
    }

    /// <summary>What is served; null until loaded.</summary>
    public ModelDescription? Model
    {
        get
        {
            lock (_lock)
            {
                return _model;
            }
        }

        set
        {
            lock (_lock)
            {
                _model = value;
            }
        }
    }

    /// <summary>The memory that the model takes, or will take; null until known.</summary>
    public MemoryDescription? Memory
    {
        get
        {
            lock (_lock)
            {
                return _memory;
            }
        }

        set
        {
            lock (_lock)
            {
                _memory = value;
            }
        }
    }

    /// <summary>Whether one phase may follow another.</summary>
    public static bool Allows(WorkerPhase from, WorkerPhase to) => (from, to) switch
    {
        (WorkerPhase.Stopped or WorkerPhase.Failed, _) => false,
        (_, WorkerPhase.Failed) => true,
        (WorkerPhase.Fetching, WorkerPhase.Verifying) => true,
        // What was found on disk proved wrong and is fetched anew.
        (WorkerPhase.Verifying, WorkerPhase.Fetching) => true,
        (WorkerPhase.Verifying, WorkerPhase.Loading) => true,
        (WorkerPhase.Loading, WorkerPhase.Warming) => true,
        (WorkerPhase.Warming, WorkerPhase.Serving) => true,
        (WorkerPhase.Serving, WorkerPhase.Draining) => true,
        (WorkerPhase.Draining, WorkerPhase.Stopped) => true,
        // A signal before the first request: there is nothing to drain.
        ( < WorkerPhase.Serving, WorkerPhase.Stopped) => true,
        _ => false,
    };

    /// <summary>Calls back after each change of phase, outside the lock, on the thread that made it. For the time of start-up.</summary>
    public void Follow(Action<WorkerPhase> entered)
    {
        lock (_lock)
        {
            _followers.Add(entered);
        }
    }

    /// <summary>Enters a phase; entering the current one again does nothing.</summary>
    /// <returns>Whether the worker is in the phase now; false if it has already ended otherwise.</returns>
    /// <exception cref="InvalidOperationException">The phase cannot follow the current one.</exception>
    public bool Enter(WorkerPhase phase, string reason = "", string message = "")
    {
        List<TaskCompletionSource<WorkerPhase>> met;
        List<Action<WorkerPhase>> followers;
        lock (_lock)
        {
            if (_phase == phase)
            {
                return true;
            }

            if (_phase is WorkerPhase.Failed or WorkerPhase.Stopped)
            {
                return false;
            }

            if (!Allows(_phase, phase))
            {
                throw new InvalidOperationException($"The worker cannot go from {_phase} to {phase}.");
            }

            _past.Add(new PhaseDuration(_phase, SecondsInPhase()));
            _phase = phase;
            _since = clock.GetUtcNow();
            _sinceTimestamp = clock.GetTimestamp();
            _reason = reason;
            _message = message;
            met = [.. _waiters.Where(waiter => waiter.Met(phase)).Select(waiter => waiter.Source)];
            _waiters.RemoveAll(waiter => waiter.Met(phase));
            followers = [.. _followers];
        }

        foreach (var follower in followers)
        {
            follower(phase);
        }

        foreach (var source in met)
        {
            source.TrySetResult(phase);
        }

        return true;
    }

    /// <summary>Tells about a fault that does not change the phase, such as a source that is tried again.</summary>
    public void Note(string reason, string message)
    {
        lock (_lock)
        {
            _reason = reason;
            _message = message;
        }
    }

    /// <summary>Tells how much of the model has arrived; 0 as total means unknown.</summary>
    /// <param name="fetchedBytes">Bytes in hand.</param>
    /// <param name="totalBytes">Bytes of all its files.</param>
    /// <param name="bytesPerSecond">The present rate; 0 while nothing moves.</param>
    /// <param name="left">The time that is left at this rate; null while it is unknown.</param>
    public void Progress(long fetchedBytes, long totalBytes, double bytesPerSecond = 0, TimeSpan? left = null)
    {
        lock (_lock)
        {
            _fetchedBytes = fetchedBytes;
            _totalBytes = totalBytes;
            _bytesPerSecond = Math.Round(bytesPerSecond);
            _secondsLeft = left is { } time ? Math.Round(time.TotalSeconds, 1) : null;
        }
    }

    /// <summary>How much of the model is in hand, of how many bytes (0 while unknown), and how many come each second.</summary>
    public (long FetchedBytes, long TotalBytes, double BytesPerSecond) Fetched
    {
        get
        {
            lock (_lock)
            {
                return (_fetchedBytes, _totalBytes, _phase <= WorkerPhase.Verifying ? _bytesPerSecond : 0);
            }
        }
    }

    /// <summary>Seconds until the model is in hand at the present rate; null while unknown and afterwards.</summary>
    public double? FetchSecondsLeft
    {
        get
        {
            lock (_lock)
            {
                return _phase <= WorkerPhase.Verifying ? _secondsLeft : null;
            }
        }
    }

    /// <summary>Tells how long a step of the start took.</summary>
    public void StepTook(StartupStep step, TimeSpan duration)
    {
        lock (_lock)
        {
            _steps.Add(new StepDuration(step, Math.Round(duration.TotalSeconds, 6)));
        }
    }

    /// <summary>Completes when the worker is in a phase that meets the condition, with that phase.</summary>
    public Task<WorkerPhase> WaitForAsync(Predicate<WorkerPhase> met, CancellationToken cancellationToken = default)
    {
        var source = new TaskCompletionSource<WorkerPhase>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (met(_phase))
            {
                return Task.FromResult(_phase);
            }

            _waiters.Add((met, source));
        }

        return source.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Each phase so far with the seconds spent in it, the current one last.</summary>
    public IReadOnlyList<PhaseDuration> Durations()
    {
        lock (_lock)
        {
            return [.. _past, new PhaseDuration(_phase, SecondsInPhase())];
        }
    }

    /// <summary>The document that <c>/state</c> answers.</summary>
    public StateDocument Describe(int running, int waiting)
    {
        lock (_lock)
        {
            return new StateDocument(
                _phase, _since, _reason, _message, _fetchedBytes, _totalBytes, _bytesPerSecond, _secondsLeft,
                [.. _past, new PhaseDuration(_phase, SecondsInPhase())],
                [.. _steps], _backend, _model, _memory, running, waiting, Version);
        }
    }

    private double SecondsInPhase() => Math.Round(clock.GetElapsedTime(_sinceTimestamp).TotalSeconds, 6);
}
