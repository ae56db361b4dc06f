namespace FleetOps.LlamaCpp.Contexts;

/// <summary>Whether flash attention is used; the values are llama.cpp's.</summary>
public enum FlashAttention
{
    /// <summary>Where the backend can.</summary>
    Auto = -1,

    /// <summary>Never. A quantized cache is then impossible.</summary>
    Off = 0,

    /// <summary>Always.</summary>
    On = 1,
}
