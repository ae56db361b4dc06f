namespace FleetOps.ModelStore.Gguf;

#pragma warning disable CA1707 // The underscores are part of the names that everybody uses.

/// <summary>Number format of a tensor's elements, under ggml's names; the numbers are those of the format.</summary>
public enum GgufTensorType
{
    /// <summary>IEEE 754, 32 bits.</summary>
    F32 = 0,

    /// <summary>IEEE 754, 16 bits.</summary>
    F16 = 1,

    /// <summary>Quantized, blocks of 32 elements in 18 bytes.</summary>
    Q4_0 = 2,

    /// <summary>Quantized, blocks of 32 elements in 20 bytes.</summary>
    Q4_1 = 3,

    /// <summary>Quantized, blocks of 32 elements in 22 bytes.</summary>
    Q5_0 = 6,

    /// <summary>Quantized, blocks of 32 elements in 24 bytes.</summary>
    Q5_1 = 7,

    /// <summary>Quantized, blocks of 32 elements in 34 bytes.</summary>
    Q8_0 = 8,

    /// <summary>Quantized, blocks of 32 elements in 36 bytes.</summary>
    Q8_1 = 9,

    /// <summary>Quantized, blocks of 256 elements in 84 bytes.</summary>
    Q2_K = 10,

    /// <summary>Quantized, blocks of 256 elements in 110 bytes.</summary>
    Q3_K = 11,

    /// <summary>Quantized, blocks of 256 elements in 144 bytes.</summary>
    Q4_K = 12,

    /// <summary>Quantized, blocks of 256 elements in 176 bytes.</summary>
    Q5_K = 13,

    /// <summary>Quantized, blocks of 256 elements in 210 bytes.</summary>
    Q6_K = 14,

    /// <summary>Quantized, blocks of 256 elements in 292 bytes.</summary>
    Q8_K = 15,

    /// <summary>Quantized, blocks of 256 elements in 66 bytes.</summary>
    IQ2_XXS = 16,

    /// <summary>Quantized, blocks of 256 elements in 74 bytes.</summary>
    IQ2_XS = 17,

    /// <summary>Quantized, blocks of 256 elements in 98 bytes.</summary>
    IQ3_XXS = 18,

    /// <summary>Quantized, blocks of 256 elements in 50 bytes.</summary>
    IQ1_S = 19,

    /// <summary>Quantized, blocks of 32 elements in 18 bytes.</summary>
    IQ4_NL = 20,

    /// <summary>Quantized, blocks of 256 elements in 110 bytes.</summary>
    IQ3_S = 21,

    /// <summary>Quantized, blocks of 256 elements in 82 bytes.</summary>
    IQ2_S = 22,

    /// <summary>Quantized, blocks of 256 elements in 136 bytes.</summary>
    IQ4_XS = 23,

    /// <summary>Signed integer, 8 bits.</summary>
    I8 = 24,

    /// <summary>Signed integer, 16 bits.</summary>
    I16 = 25,

    /// <summary>Signed integer, 32 bits.</summary>
    I32 = 26,

    /// <summary>Signed integer, 64 bits.</summary>
    I64 = 27,

    /// <summary>IEEE 754, 64 bits.</summary>
    F64 = 28,

    /// <summary>Quantized, blocks of 256 elements in 56 bytes.</summary>
    IQ1_M = 29,

    /// <summary>bfloat16.</summary>
    BF16 = 30,

    /// <summary>Quantized, blocks of 256 elements in 54 bytes.</summary>
    TQ1_0 = 34,

    /// <summary>Quantized, blocks of 256 elements in 66 bytes.</summary>
    TQ2_0 = 35,

    /// <summary>Quantized, blocks of 32 elements in 17 bytes.</summary>
    MXFP4 = 39,

    /// <summary>Quantized, blocks of 64 elements in 36 bytes.</summary>
    NVFP4 = 40,

    /// <summary>Quantized, blocks of 128 elements in 18 bytes.</summary>
    Q1_0 = 41,

    /// <summary>Quantized, blocks of 64 elements in 18 bytes.</summary>
    Q2_0 = 42,
}
