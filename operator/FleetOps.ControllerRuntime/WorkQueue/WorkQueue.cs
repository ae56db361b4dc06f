namespace FleetOps.ControllerRuntime.WorkQueue;

/// <summary>
/// A queue of keys for reconcilers. A key that waits is held once; a key in work is never handed to a second worker, and when
/// it is added meanwhile it is handed out again after <see cref="Done"/>. Of several delays for one key the earliest wins,
/// and nothing but its passing ends it: an extra look at an object is harmless, a lost one is not. First come, first served. Thread-safe; all time comes from the time provider.
/// </summary>
/// <typeparam name="TKey">The key; compared with the default equality.</typeparam>
#pragma warning disable CA1711, MA0049 // A work queue is what the field calls it, and the folder is about nothing else.
public sealed class WorkQueue<TKey> : IDisposable
#pragma warning restore CA1711, MA0049
    where TKey : notnull
{
    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly IWorkQueueObserver<TKey>? _observer;
    private readonly Queue<TKey> _ready = new();
    private readonly HashSet<TKey> _dirty = [];
    private readonly HashSet<TKey> _processing = [];
    private readonly Dictionary<TKey, (long At, long Order)> _due = [];
    private readonly PriorityQueue<TKey, (long At, long Order)> _waiting = new();
    private readonly LinkedList<TaskCompletionSource<TKey>> _takers = new();
    private readonly ITimer _timer;
    private long _order;
    private bool _closed;

    /// <summary>Creates an empty queue.</summary>
    /// <param name="time">Clock of the delays.</param>
    public WorkQueue(TimeProvider time)
        : this(time, null)
    {
    }

    internal WorkQueue(TimeProvider time, IWorkQueueObserver<TKey>? observer)
    {
        _time = time;
        _observer = observer;
        _timer = time.CreateTimer(static state => ((WorkQueue<TKey>)state!).Promote(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Keys that are ready to be taken; neither those in work nor those delayed.</summary>
    public int Depth
    {
        get
        {
            lock (_gate)
            {
                return _ready.Count;
            }
        }
    }

    /// <summary>Keys whose delay has not passed yet.</summary>
    public int Delayed
    {
        get
        {
            lock (_gate)
            {
                return _due.Count;
            }
        }
    }

    /// <summary>Makes a key ready. Does nothing when it is ready already or the queue is closed.</summary>
    public void Add(TKey key)
    {
        lock (_gate)
        {
            AddLocked(key);
        }
    }

    /// <summary>Makes a key ready after a delay (zero or less: now), the earliest of several delays winning. What happens to the key meanwhile does not cancel it.</summary>
    public void AddAfter(TKey key, TimeSpan delay)
    {
        lock (_gate)
        {
            if (delay <= TimeSpan.Zero)
            {
                AddLocked(key);
                return;
            }

            if (_closed)
            {
                return;
            }

            var due = _time.GetTimestamp() + (long)(Math.Min(delay.TotalSeconds, MaxDelaySeconds) * _time.TimestampFrequency);
            if (_due.TryGetValue(key, out var known) && known.At <= due)
            {
                return;
            }

            // The order keeps keys that are due together in the order in which they were added.
            _waiting.Enqueue(key, _due[key] = (due, _order++));
            CompactLocked();
            ArmLocked();
        }
    }

    /// <summary>Waits for a key and marks it as in work; <see cref="Done"/> must follow.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled, or the queue was closed.</exception>
    public ValueTask<TKey> TakeAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (_closed)
            {
                return ValueTask.FromException<TKey>(new OperationCanceledException("The work queue is closed."));
            }

            if (_ready.TryDequeue(out var key))
            {
                StartLocked(key);
                return new ValueTask<TKey>(key);
            }

            var taker = _takers.AddLast(new TaskCompletionSource<TKey>(TaskCreationOptions.RunContinuationsAsynchronously));
            return new ValueTask<TKey>(WaitAsync(taker, cancellationToken));
        }
    }

    /// <summary>Ends the work on a key. It becomes ready again if it was added meanwhile.</summary>
    public void Done(TKey key)
    {
        lock (_gate)
        {
            if (!_processing.Remove(key))
            {
                return;
            }

            _observer?.Finished(key);
            if (_dirty.Contains(key))
            {
                HandOutLocked(key);
            }
        }
    }

    /// <summary>Forgets every ready and delayed key; keys in work are left alone.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            while (_ready.TryDequeue(out var key))
            {
                _observer?.Dropped(key);
            }

            _dirty.Clear();
            _due.Clear();
            _waiting.Clear();
        }
    }

    /// <summary>Closes the queue: waiting takers are cancelled and nothing more is accepted.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _closed = true;
            foreach (var taker in _takers)
            {
                taker.TrySetCanceled();
            }

            _takers.Clear();
        }

        _timer.Dispose();
    }

    private const double MaxDelaySeconds = 30 * 24 * 3600;

    private async Task<TKey> WaitAsync(LinkedListNode<TaskCompletionSource<TKey>> taker, CancellationToken cancellationToken)
    {
        await using var registration = cancellationToken.UnsafeRegister(
            (_, token) =>
            {
                lock (_gate)
                {
                    // Under the gate a taker is either served or cancelled, never served after it has left.
                    if (taker.Value.TrySetCanceled(token) && taker.List is not null)
                    {
                        _takers.Remove(taker);
                    }
                }
            },
            null).ConfigureAwait(false);
        return await taker.Value.Task.ConfigureAwait(false);
    }

    private void AddLocked(TKey key)
    {
        if (_closed || !_dirty.Add(key))
        {
            return;
        }

        _observer?.Added(key);
        if (!_processing.Contains(key))
        {
            HandOutLocked(key);
        }
    }

    private void HandOutLocked(TKey key)
    {
        if (_takers.First is { } taker)
        {
            _takers.RemoveFirst();
            StartLocked(key);
            taker.Value.SetResult(key);
            return;
        }

        _ready.Enqueue(key);
    }

    private void StartLocked(TKey key)
    {
        _dirty.Remove(key);
        _processing.Add(key);
        _observer?.Started(key);
    }

    private void Promote()
    {
        lock (_gate)
        {
            var now = _time.GetTimestamp();
            while (_waiting.TryPeek(out var key, out var due) && due.At <= now)
            {
                _waiting.Dequeue();
                if (_due.TryGetValue(key, out var known) && known == due)
                {
                    _due.Remove(key);
                    AddLocked(key);
                }
            }

            ArmLocked();
        }
    }

    /// <summary>Entries that an earlier delay or an Add made void stay in the heap; rebuild it before they outnumber the live ones.</summary>
    private void CompactLocked()
    {
        if (_waiting.Count <= (2 * _due.Count) + 64)
        {
            return;
        }

        _waiting.Clear();
        _waiting.EnqueueRange(_due.Select(pair => (pair.Key, pair.Value)));
    }

    private void ArmLocked()
    {
        if (_closed || !_waiting.TryPeek(out _, out var due))
        {
            return;
        }

        // Rounded up to a millisecond, the timers' resolution: an early alarm would find nothing due.
        var wait = TimeSpan.FromMilliseconds(Math.Ceiling(Math.Max(0, due.At - _time.GetTimestamp()) * 1000d / _time.TimestampFrequency));
        _timer.Change(wait < TimeSpan.FromMilliseconds(1) ? TimeSpan.FromMilliseconds(1) : wait, Timeout.InfiniteTimeSpan);
    }
}
