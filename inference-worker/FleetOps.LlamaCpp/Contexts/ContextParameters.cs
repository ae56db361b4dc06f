using FleetOps.LlamaCpp.Backends;
using FleetOps.LlamaCpp.Models;

namespace FleetOps.LlamaCpp.Contexts;

/// <summary>The shape of a context.</summary>
public sealed record ContextParameters
{
    /// <summary>The most sequences that llama.cpp can keep apart.</summary>
    public const int SequenceLimit = 256;

    /// <summary>The most tokens of all sequences together. llama.cpp takes main memory for each before it looks whether the cache fits, so a slip of the pen could bring a node down.</summary>
    public const int TokenLimit = 1 << 24;

    private const int ThreadLimit = 512;

    private static readonly KvCacheType[] OfCuda = [KvCacheType.F16, KvCacheType.Q4_0, KvCacheType.Q8_0, KvCacheType.BF16];

    /// <summary>Tokens that each sequence may hold, 1 or more; times <see cref="MaxSequences"/> at most <see cref="TokenLimit"/>. llama.cpp rounds it up to a multiple of 256.</summary>
    public int ContextLength { get; init; } = 4096;

    /// <summary>Sequences that are kept at once, 1 to <see cref="SequenceLimit"/>. Their ids are 0 to one less.</summary>
    public int MaxSequences { get; init; } = 1;

    /// <summary>The most tokens of one decode, <see cref="MaxSequences"/> or more. llama.cpp caps it to the whole context; see <see cref="LlamaContext.BatchSize"/>.</summary>
    public int BatchSize { get; init; } = 2048;

    /// <summary>The most tokens that are computed at once; 1 to <see cref="BatchSize"/>. Larger is faster for prompts and takes more memory.</summary>
    public int MicroBatchSize { get; init; } = 512;

    /// <summary>How the cache is stored; the keys alone when <see cref="ValueCacheType"/> is set.</summary>
    public KvCacheType KvCacheType { get; init; } = KvCacheType.F16;

    /// <summary>How the values of the cache are stored; null is as the keys.</summary>
    public KvCacheType? ValueCacheType { get; init; }

    /// <summary>Changes to the model's rotary positions; null for none.</summary>
    public RopeParameters? Rope { get; init; }

    /// <summary>Whether flash attention is used.</summary>
    public FlashAttention FlashAttention { get; init; } = FlashAttention.Auto;

    /// <summary>
    /// One cache that all sequences share, so that a prefix can belong to several of them without a copy, and one long
    /// sequence may use what others leave. Else each sequence has its own part, which is faster when they share nothing.
    /// </summary>
    public bool UnifiedCache { get; init; }

    /// <summary>
    /// Tokens that a unified cache holds for all sequences together, 1 to <see cref="TokenLimit"/>; null is <see cref="ContextLength"/> for each of them.
    /// </summary>
    public int? CacheTokens { get; init; }

    /// <summary>
    /// Put out embeddings instead of logits. Each text must be computed in one piece then, so <see cref="MicroBatchSize"/> has to be
    /// <see cref="BatchSize"/> and the cache unified.
    /// </summary>
    public bool Embeddings { get; init; }

    /// <summary>How the embeddings of a text are pooled; null is what the model's file says, or <see cref="PoolingType.None"/>.</summary>
    public PoolingType? Pooling { get; init; }

    /// <summary>Threads of the CPU backend while tokens are generated. More than the CPU quota makes it far slower; the default is what .NET sees of the quota.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Threads of the CPU backend for batches of more than one token; null is <see cref="Threads"/>.</summary>
    public int? BatchThreads { get; init; }

    /// <summary>Checks each value and those that depend on one another.</summary>
    /// <exception cref="ArgumentException">A value is out of its range or contradicts another.</exception>
    internal void Validate(Backend backend = Backend.Cpu)
    {
        CheckRange(nameof(ContextLength), ContextLength, int.MaxValue);
        CheckRange(nameof(MaxSequences), MaxSequences, SequenceLimit);
        CheckRange(nameof(BatchSize), BatchSize, int.MaxValue);
        Check(nameof(BatchSize), BatchSize >= MaxSequences, $"is {BatchSize}, and each of {MaxSequences} sequences needs a token in it; raise it, or lower MaxSequences");
        CheckRange(nameof(MicroBatchSize), MicroBatchSize, BatchSize);
        CheckRange(nameof(Threads), Threads, ThreadLimit);
        CheckRange(nameof(BatchThreads), BatchThreads ?? Threads, ThreadLimit);
        CheckCache(nameof(KvCacheType), KvCacheType, backend);
        CheckCache(nameof(ValueCacheType), Values, backend);
        Check(nameof(ValueCacheType), backend == Backend.Cpu || Values == KvCacheType, $"is {Values} beside keys of {KvCacheType}; CUDA stores both alike, so leave it out");
        Check(nameof(FlashAttention), Enum.IsDefined(FlashAttention), $"is {FlashAttention}; it can be Auto, On or Off");
        Check(nameof(FlashAttention), !IsQuantized(Values) || FlashAttention != FlashAttention.Off,
            $"is Off, and values in a cache of {Values} need it; set it to Auto or On, or the cache to F16");
        Check(nameof(Rope), Rope?.Fault is null, $"is wrong: {Rope?.Fault}");
        Check(nameof(CacheTokens), CacheTokens is null || UnifiedCache, $"is {CacheTokens}, and only a unified cache has a size of its own; set UnifiedCache too");
        CheckRange(nameof(CacheTokens), CacheTokens ?? 1, TokenLimit);
        Check(nameof(Pooling), Pooling is null || Enum.IsDefined(Pooling.Value), $"is {Pooling}; it can be {string.Join(", ", Enum.GetNames<PoolingType>())}");
        Check(nameof(Pooling), Pooling is null || Embeddings, $"is {Pooling}, and the context puts out no embeddings; set Embeddings too");
        Check(nameof(MicroBatchSize), !Embeddings || MicroBatchSize == BatchSize, $"is {MicroBatchSize}, and with Embeddings it must be BatchSize, which is {BatchSize}");
        Check(nameof(UnifiedCache), !Embeddings || UnifiedCache, "is off, and with Embeddings it must be on");
        Check(nameof(ContextLength), CacheTokens is not null || (long)ContextLength * MaxSequences <= TokenLimit,
            $"is {ContextLength} for each of {MaxSequences} sequences, which is {(long)ContextLength * MaxSequences} tokens; a context may hold {TokenLimit}");
    }

    private KvCacheType Values => ValueCacheType ?? KvCacheType;

    private static bool IsQuantized(KvCacheType type) => type is not (KvCacheType.F32 or KvCacheType.F16 or KvCacheType.BF16);

    private static void CheckCache(string name, KvCacheType type, Backend backend)
    {
        KvCacheType[] known = backend == Backend.Cpu ? Enum.GetValues<KvCacheType>() : OfCuda;
        Check(name, known.Contains(type), $"is {type}; {(backend == Backend.Cpu ? "it" : "on CUDA it")} can be {string.Join(", ", known)}");
    }

    private static void CheckRange(string name, int value, int highest) =>
        Check(name, value >= 1 && value <= highest, $"is {value}; it must be 1 to {highest}");

    private static void Check(string name, bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new ArgumentException($"{name} of the context {otherwise}.", name);
        }
    }
}
