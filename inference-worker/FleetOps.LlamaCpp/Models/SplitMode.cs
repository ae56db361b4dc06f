namespace FleetOps.LlamaCpp.Models;

/// <summary>How a model is spread over several GPUs; the values are llama.cpp's.</summary>
public enum SplitMode
{
    /// <summary>It is not: all on <see cref="ModelParameters.MainGpu"/>.</summary>
    None = 0,

    /// <summary>Each GPU has some of the layers and their part of the cache.</summary>
    Layer = 1,

    /// <summary>Each GPU has some of the rows of the large matrices.</summary>
    Row = 2,
}
