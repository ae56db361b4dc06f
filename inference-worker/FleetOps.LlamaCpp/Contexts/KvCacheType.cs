namespace FleetOps.LlamaCpp.Contexts;

#pragma warning disable CA1707 // The names are ggml's, and everybody knows them.
/// <summary>How keys or values are stored in the cache; the values are ggml's types. CUDA computes with <see cref="F16"/>, <see cref="BF16"/>, <see cref="Q8_0"/> and <see cref="Q4_0"/>, keys and values alike.</summary>
public enum KvCacheType
{
    /// <summary>32-bit floating point.</summary>
    F32 = 0,

    /// <summary>16-bit floating point.</summary>
    F16 = 1,

    /// <summary>4 bits and a scale for each 32 values.</summary>
    Q4_0 = 2,

    /// <summary>4 bits, a scale and a least value for each 32 values.</summary>
    Q4_1 = 3,

    /// <summary>5 bits and a scale for each 32 values.</summary>
    Q5_0 = 6,

    /// <summary>5 bits, a scale and a least value for each 32 values.</summary>
    Q5_1 = 7,

    /// <summary>8 bits and a scale for each 32 values.</summary>
    Q8_0 = 8,

    /// <summary>16-bit floating point with the range of 32 bits.</summary>
    BF16 = 30,
}
