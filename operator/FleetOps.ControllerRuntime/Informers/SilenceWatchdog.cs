namespace FleetOps.ControllerRuntime.Informers;

/// <summary>Cancels a token when nothing was heard for too long. A hung connection looks exactly like a quiet one; only a limit tells.</summary>
internal sealed class SilenceWatchdog : IDisposable
{
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _source;
    private readonly ITimer _timer;
    private long _limitTicks;
    private long _heardAt;

    public SilenceWatchdog(TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        _time = time;
        _source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _limitTicks = limit.Ticks;
        _heardAt = time.GetTimestamp();
        _timer = time.CreateTimer(static state => ((SilenceWatchdog)state!).Check(), this, limit, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Cancelled on silence, and with the caller's token.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>Whether silence, not the caller, cancelled the token.</summary>
    public bool Fired { get; private set; }

    /// <summary>Something was heard.</summary>
    public void Touch() => Volatile.Write(ref _heardAt, _time.GetTimestamp());

    /// <summary>Counts from now with another limit.</summary>
    public void Restart(TimeSpan limit)
    {
        Volatile.Write(ref _limitTicks, limit.Ticks);
        Touch();
        _timer.Change(limit, Timeout.InfiniteTimeSpan);
    }

    public void Dispose()
    {
        _timer.Dispose();
        _source.Dispose();
    }

    private void Check()
    {
        // Not reset at each line, since a busy watch would spend its time on timers: looked at when the limit could have passed.
        var left = new TimeSpan(Volatile.Read(ref _limitTicks)) - _time.GetElapsedTime(Volatile.Read(ref _heardAt));
        try
        {
            if (left > TimeSpan.Zero)
            {
                _timer.Change(left < TimeSpan.FromMilliseconds(1) ? TimeSpan.FromMilliseconds(1) : left, Timeout.InfiniteTimeSpan);
                return;
            }

            Fired = true;
            _source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The watch ended while the timer was on its way.
        }
    }
}
