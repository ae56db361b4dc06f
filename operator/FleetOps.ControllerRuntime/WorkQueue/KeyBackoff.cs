using System.Collections.Concurrent;

namespace FleetOps.ControllerRuntime.WorkQueue;

/// <summary>
/// How long to wait before the next try of a key: doubles with each failure of that key, from 5 ms to 5 min by default, plus up to 10 % at
/// random so that keys that failed together do not return together. Thread-safe.
/// </summary>
/// <typeparam name="TKey">The key.</typeparam>
public sealed class KeyBackoff<TKey>
    where TKey : notnull
{
    private readonly ConcurrentDictionary<TKey, int> _failures = new();
    private readonly TimeSpan _first;
    private readonly TimeSpan _max;
    private readonly Func<double> _random;

    /// <summary>Creates a back-off without failures.</summary>
    /// <param name="first">Delay after the first failure; null for 5 ms.</param>
    /// <param name="max">Longest delay before jitter; null for 5 min.</param>
    /// <param name="random">Gives numbers from 0 to 1 for the jitter; null for a random source.</param>
    public KeyBackoff(TimeSpan? first = null, TimeSpan? max = null, Func<double>? random = null)
    {
        _first = first ?? TimeSpan.FromMilliseconds(5);
        _max = max ?? TimeSpan.FromMinutes(5);
        _random = random ?? Jitter.Next;
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(_first, TimeSpan.Zero, nameof(first));
        ArgumentOutOfRangeException.ThrowIfLessThan(_max, _first, nameof(max));
    }

    /// <summary>Counts a failure of the key and says how long to wait.</summary>
    public TimeSpan Next(TKey key)
    {
        var failures = _failures.AddOrUpdate(key, 1, static (_, count) => count + 1);
        var raw = Math.Min(_first.TotalSeconds * Math.Pow(2, Math.Min(failures - 1, 62)), _max.TotalSeconds);
        return TimeSpan.FromSeconds(raw * (1 + (0.1 * _random())));
    }

    /// <summary>The key works again: its next failure counts as the first.</summary>
    public void Forget(TKey key) => _failures.TryRemove(key, out _);

    /// <summary>Failures of the key since it was last forgotten.</summary>
    public int Failures(TKey key) => _failures.GetValueOrDefault(key);
}
