using System.Collections.Concurrent;
using FleetOps.Api;
using FleetOps.ControllerRuntime;

namespace FleetOps.Operator.ModelDeployments.Status;

/// <summary>
/// Keeps a model whose workers come and go all the time from flooding the API server: each may have its status written
/// <see cref="Burst"/> times in a row and then once in <see cref="Refill"/>. What is put off is written as it is by then, so status is late for
/// that model and never wrong for long. Thread-safe; keeps nothing of models that are at rest.
/// </summary>
internal sealed class StatusWriteLimit(TimeProvider time)
{
    /// <summary>Writes in a row: more than any start or rollout in good order needs.</summary>
    public const int Burst = 30;

    private const int FewBuckets = 256;

    private readonly ConcurrentDictionary<ObjectKey, Bucket> _buckets = new();
    private int _pruneAt = FewBuckets;

    /// <summary>Time in which one more write becomes free.</summary>
    public static TimeSpan Refill { get; } = TimeSpan.FromSeconds(3);

    /// <summary>Models that something is kept of.</summary>
    public int Count => _buckets.Count;

    /// <summary>How long to put the write off; zero for not at all. A spec that status does not speak of yet never waits.</summary>
    public TimeSpan Pause(ModelDeployment model) => Pause(ObjectKey.Of(model), model.Status?.ObservedGeneration != model.Metadata.Generation);

    /// <summary>The same for a ModelCache, which has a limit of its own.</summary>
    public TimeSpan Pause(ModelCache cache) => Pause(ObjectKey.Of(cache), cache.Status?.ObservedGeneration != cache.Metadata.Generation || cache.Metadata.DeletionTimestamp is not null);

    private TimeSpan Pause(ObjectKey key, bool isUrgent)
    {
        if (isUrgent || !_buckets.TryGetValue(key, out var bucket))
        {
            return TimeSpan.Zero;
        }

        var tokens = Tokens(bucket);
        return tokens >= 1 ? TimeSpan.Zero : Refill * (1 - tokens);
    }

    /// <summary>Counts a write.</summary>
    public void Wrote(ObjectKey key)
    {
        _buckets.AddOrUpdate(
            key,
            static (_, limit) => new(Burst - 1, limit.Now),
            static (_, bucket, limit) => new(Math.Max(0, limit.Tokens(bucket) - 1), limit.Now),
            this);
        if (_buckets.Count > Volatile.Read(ref _pruneAt))
        {
            Prune();
        }
    }

    /// <summary>The model is gone.</summary>
    public void Forget(ObjectKey key) => _buckets.TryRemove(key, out _);

    private long Now => time.GetTimestamp();

    private double Tokens(Bucket bucket) => Math.Min(Burst, bucket.Tokens + (time.GetElapsedTime(bucket.At) / Refill));

    // A full bucket is as good as none.
    private void Prune()
    {
        foreach (var bucket in _buckets.Where(b => Tokens(b.Value) >= Burst))
        {
            _buckets.TryRemove(bucket);
        }

        Volatile.Write(ref _pruneAt, Math.Max(FewBuckets, 2 * _buckets.Count));
    }

    private sealed record Bucket(double Tokens, long At);
}
