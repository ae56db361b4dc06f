namespace FleetOps.ControllerRuntime.WorkQueue;

/// <summary>
/// Spreads what must not come all at once, such as the retries of all keys after an outage: a burst is free, then so many each second.
/// Thread-safe; counts on the monotonic clock of the time provider.
/// </summary>
public sealed class TokenBucket
{
    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly double _perSecond;
    private readonly int _burst;
    private readonly TimeSpan _max;
    private double _tokens;
    private long _filledAt;

    /// <summary>Creates a full bucket.</summary>
    /// <param name="time">Clock of the refill.</param>
    /// <param name="perSecond">Tokens that come each second, above 0. Default: 10.</param>
    /// <param name="burst">Tokens that the bucket holds, at least 1. Default: 100.</param>
    /// <param name="max">Longest wait that is ever asked for; null for 5 min. Who would have to wait longer takes no token.</param>
    public TokenBucket(TimeProvider time, double perSecond = 10, int burst = 100, TimeSpan? max = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(perSecond);
        ArgumentOutOfRangeException.ThrowIfLessThan(burst, 1);
        _time = time;
        _perSecond = perSecond;
        _burst = burst;
        _max = max ?? TimeSpan.FromMinutes(5);
        _tokens = burst;
        _filledAt = time.GetTimestamp();
    }

    /// <summary>Takes a token, in advance if there is none, and says how long to wait until it is there.</summary>
    public TimeSpan Reserve()
    {
        lock (_gate)
        {
            var now = _time.GetTimestamp();
            _tokens = Math.Min(_burst, _tokens + (_time.GetElapsedTime(_filledAt, now).TotalSeconds * _perSecond));
            _filledAt = now;
            var wait = Math.Max(0, (1 - _tokens) / _perSecond);
            if (wait > _max.TotalSeconds)
            {
                return _max;
            }

            _tokens--;
            return TimeSpan.FromSeconds(wait);
        }
    }
}
