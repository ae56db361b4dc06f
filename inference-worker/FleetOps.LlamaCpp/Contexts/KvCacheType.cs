namespace FleetOps.LlamaCpp.Contexts;

#pragma warning disable CA1707 // The names are ggml's, and everybody knows them.
/// <summary>How keys and values are stored in the cache; the values are ggml's types. Both are stored alike, because CUDA needs that.</summary>
public enum KvCacheType
{
    /// <summary>16-bit floating point.</summary>
    F16 = 1,

    /// <summary>4 bits and a scale for each 32 values.</summary>
    Q4_0 = 2,

    /// <summary>8 bits and a scale for each 32 values.</summary>
    Q8_0 = 8,
}
