namespace FleetOps.InferenceWorker.Engine;

/// <summary>What the loop has done so far. Written by the loop's thread only, read from any.</summary>
internal sealed class EngineCounters
{
    private long _promptTokens;
    private long _sampledTokens;
    private long _batches;
    private long _kvTokens;
    private int _running;
    private double _meanSlotSeconds;

    /// <summary>Prompt tokens that were computed.</summary>
    public long PromptTokens => Volatile.Read(ref _promptTokens);

    /// <summary>Tokens that were sampled.</summary>
    public long SampledTokens => Volatile.Read(ref _sampledTokens);

    /// <summary>Batches that were computed.</summary>
    public long Batches => Volatile.Read(ref _batches);

    /// <summary>Tokens that lie in the KV cache now.</summary>
    public long KvTokens => Volatile.Read(ref _kvTokens);

    /// <summary>Requests that hold a slot now.</summary>
    public int Running => Volatile.Read(ref _running);

    /// <summary>How long requests hold a slot lately, in seconds; 0 before the first has ended.</summary>
    public double MeanSlotSeconds => Volatile.Read(ref _meanSlotSeconds);

    internal void BatchComputed(int promptTokens)
    {
        Volatile.Write(ref _promptTokens, _promptTokens + promptTokens);
        Volatile.Write(ref _batches, _batches + 1);
    }

    internal void TokenSampled() => Volatile.Write(ref _sampledTokens, _sampledTokens + 1);

    internal void Occupied(int running, long kvTokens)
    {
        Volatile.Write(ref _running, running);
        Volatile.Write(ref _kvTokens, kvTokens);
    }

    internal void SlotFreed(TimeSpan held)
    {
        const double Weight = 0.2;
        var mean = _meanSlotSeconds == 0 ? held.TotalSeconds : (_meanSlotSeconds * (1 - Weight)) + (held.TotalSeconds * Weight);
        Volatile.Write(ref _meanSlotSeconds, mean);
    }
}
