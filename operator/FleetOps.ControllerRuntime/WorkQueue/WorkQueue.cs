namespace FleetOps.ControllerRuntime.WorkQueue;

/// <summary>
/// A queue of keys for reconcilers. A key that waits is held once; a key in work is never handed to a second worker, and when
/// it is added meanwhile it is handed out again after <see cref="Done"/>. Of several delays for one key the earliest wins,
/// and nothing but its passing ends it: an extra look at an object is harmless, a lost one is not. Thread-safe; all time comes from the time provider.
/// <para>
/// Fair between groups, such as namespaces: groups with ready keys take turns, so that ten thousand keys of one do not delay the one key of
/// another; within a group it is first come, first served. Keys of normal <see cref="QueuePriority"/> go before low ones, which still get each 16th turn.
/// </para>
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
    private readonly ReadyKeys<TKey> _ready;
    private readonly HashSet<TKey> _processing = [];
    private readonly Dictionary<TKey, QueuePriority> _again = [];
    private readonly Dictionary<TKey, (long At, long Order, QueuePriority Priority)> _due = [];
    private readonly PriorityQueue<TKey, (long At, long Order)> _waiting = new();
    private readonly LinkedList<TaskCompletionSource<TKey>> _takers = new();
    private readonly ITimer _timer;
    private long _order;
    private bool _closed;

    /// <summary>Creates an empty queue.</summary>
    /// <param name="time">Clock of the delays.</param>
    /// <param name="groupOf">Pure function from a key to the group that it takes turns for; null for one group.</param>
    public WorkQueue(TimeProvider time, Func<TKey, string>? groupOf = null)
        : this(time, groupOf, null)
    {
    }

    internal WorkQueue(TimeProvider time, Func<TKey, string>? groupOf, IWorkQueueObserver<TKey>? observer)
    {
        _time = time;
        _observer = observer;
        _ready = new(groupOf ?? (static _ => ""));
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

    /// <summary>Makes a key ready. Of one that is ready already it only raises the priority; when the queue is closed it does nothing.</summary>
    public void Add(TKey key, QueuePriority priority = QueuePriority.Normal)
    {
        lock (_gate)
        {
            AddLocked(key, priority);
        }
    }

    /// <summary>
    /// Makes a key ready after a delay (zero or less: now), the earliest of several delays and the highest of their priorities winning. What
    /// happens to the key meanwhile does not cancel it.
    /// </summary>
    public void AddAfter(TKey key, TimeSpan delay, QueuePriority priority = QueuePriority.Normal)
    {
        lock (_gate)
        {
            if (delay <= TimeSpan.Zero)
            {
                AddLocked(key, priority);
                return;
            }

            if (_closed)
            {
                return;
            }

            var due = _time.GetTimestamp() + (long)(Math.Min(delay.TotalSeconds, MaxDelaySeconds) * _time.TimestampFrequency);
            if (_due.TryGetValue(key, out var known))
            {
                priority = Higher(priority, known.Priority);
                if (known.At <= due)
                {
                    _due[key] = known with { Priority = priority };
                    return;
                }
            }

            // The order keeps keys that are due together in the order in which they were added.
            _due[key] = (due, _order, priority);
            _waiting.Enqueue(key, (due, _order++));
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

            if (_ready.TryTake(out var key))
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
            if (_again.Remove(key, out var priority))
            {
                HandOutLocked(key, priority);
            }
        }
    }

    /// <summary>Forgets every ready and delayed key; keys in work are left alone, but do not come again.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            foreach (var key in _ready.Keys.Concat(_again.Keys))
            {
                _observer?.Dropped(key);
            }

            _ready.Clear();
            _again.Clear();
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

    private void AddLocked(TKey key, QueuePriority priority)
    {
        if (_closed)
        {
            return;
        }

        if (_processing.Contains(key))
        {
            if (_again.TryAdd(key, priority))
            {
                _observer?.Added(key, priority);
            }
            else if (_again[key] < priority)
            {
                _again[key] = priority;
                _observer?.Raised(key);
            }

            return;
        }

        if (!_ready.Contains(key))
        {
            _observer?.Added(key, priority);
            HandOutLocked(key, priority);
        }
        else if (priority == QueuePriority.Normal && _ready.TryRaise(key))
        {
            _observer?.Raised(key);
        }
    }

    private void HandOutLocked(TKey key, QueuePriority priority)
    {
        if (_takers.First is { } taker)
        {
            _takers.RemoveFirst();
            StartLocked(key);
            taker.Value.SetResult(key);
            return;
        }

        _ready.Add(key, priority);
    }

    private void StartLocked(TKey key)
    {
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
                if (_due.TryGetValue(key, out var known) && (known.At, known.Order) == due)
                {
                    _due.Remove(key);
                    AddLocked(key, known.Priority);
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
        _waiting.EnqueueRange(_due.Select(pair => (pair.Key, (pair.Value.At, pair.Value.Order))));
    }

    private static QueuePriority Higher(QueuePriority one, QueuePriority other) => one > other ? one : other;

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
