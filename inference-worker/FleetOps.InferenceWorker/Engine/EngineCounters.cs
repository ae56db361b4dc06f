namespace FleetOps.InferenceWorker.Engine;

/// <summary>What the loop has done so far. Written by the loop's thread only, read from any.</summary>
internal sealed class EngineCounters
{
    private long _promptTokens;
    private long _cachedPromptTokens;
    private long _draftedTokens;
    private long _acceptedTokens;
    private long _sampledTokens;
    private long _batches;
    private long _kvTokens;
    private long _idleKvTokens;
    private int _cachedBlocks;
    private int _freeSlots;
    private int _running;
    private double _meanSlotSeconds;

    /// <summary>Prompt tokens that were computed.</summary>
    public long PromptTokens => Volatile.Read(ref _promptTokens);

    /// <summary>Prompt tokens that were not computed, because the KV cache held them already.</summary>
    public long CachedPromptTokens => Volatile.Read(ref _cachedPromptTokens);

    /// <summary>Tokens that were guessed.</summary>
    public long DraftedTokens => Volatile.Read(ref _draftedTokens);

    /// <summary>Tokens that were guessed right.</summary>
    public long AcceptedTokens => Volatile.Read(ref _acceptedTokens);

    /// <summary>Tokens that were sampled.</summary>
    public long SampledTokens => Volatile.Read(ref _sampledTokens);

    /// <summary>Batches that were computed.</summary>
    public long Batches => Volatile.Read(ref _batches);

    /// <summary>Tokens that running requests have in the KV cache now.</summary>
    public long KvTokens => Volatile.Read(ref _kvTokens);

    /// <summary>Tokens that requests which have ended left in the KV cache, for those that begin alike.</summary>
    public long IdleKvTokens => Volatile.Read(ref _idleKvTokens);

    /// <summary>Blocks of tokens that the slots hold, those that they have in common counted once.</summary>
    public int CachedBlocks => Volatile.Read(ref _cachedBlocks);

    /// <summary>Requests that hold a slot now.</summary>
    public int Running => Volatile.Read(ref _running);

    /// <summary>Slots that nobody holds now.</summary>
    public int FreeSlots => Volatile.Read(ref _freeSlots);

    /// <summary>How long requests hold a slot lately, in seconds; 0 before the first has ended.</summary>
    public double MeanSlotSeconds => Volatile.Read(ref _meanSlotSeconds);

    internal void BatchComputed(int promptTokens)
    {
        Volatile.Write(ref _promptTokens, _promptTokens + promptTokens);
        Volatile.Write(ref _batches, _batches + 1);
    }

    internal void PromptFound(int cachedTokens) => Volatile.Write(ref _cachedPromptTokens, _cachedPromptTokens + cachedTokens);

    internal void Drafted(int tokens, int accepted)
    {
        Volatile.Write(ref _draftedTokens, _draftedTokens + tokens);
        Volatile.Write(ref _acceptedTokens, _acceptedTokens + accepted);
    }

    internal void TokenSampled() => Volatile.Write(ref _sampledTokens, _sampledTokens + 1);

    internal void Occupied(int running, long kvTokens)
    {
        Volatile.Write(ref _running, running);
        Volatile.Write(ref _kvTokens, kvTokens);
    }

    internal void Kept(int freeSlots, long idleKvTokens, int cachedBlocks)
    {
        Volatile.Write(ref _freeSlots, freeSlots);
        Volatile.Write(ref _idleKvTokens, idleKvTokens);
        Volatile.Write(ref _cachedBlocks, cachedBlocks);
    }

    internal void SlotFreed(TimeSpan held)
    {
        const double Weight = 0.2;
        var mean = _meanSlotSeconds == 0 ? held.TotalSeconds : (_meanSlotSeconds * (1 - Weight)) + (held.TotalSeconds * Weight);
        Volatile.Write(ref _meanSlotSeconds, mean);
    }
}
