namespace FleetOps.LlamaCpp.Models;

/// <summary>How a model is loaded.</summary>
public sealed record ModelParameters
{
    /// <summary>The most GPUs that llama.cpp spreads a model over.</summary>
    public const int GpuLimit = 16;

    /// <summary>Layers to keep in GPU memory; -1 is all of them. Without a GPU it has no effect.</summary>
    public int GpuLayers { get; init; } = -1;

    /// <summary>How the model is spread over several GPUs. Without a GPU it has no effect.</summary>
    public SplitMode SplitMode { get; init; } = SplitMode.Layer;

    /// <summary>The GPU that holds the model with <see cref="SplitMode.None"/>, and what is not spread with <see cref="SplitMode.Row"/>; from 0. Without a GPU it has no effect.</summary>
    public int MainGpu { get; init; }

    /// <summary>The share of each GPU, in any unit; those not named get none. Empty lets llama.cpp go by their free memory. Without a GPU it has no effect.</summary>
    public IReadOnlyList<float> TensorSplit { get; init; } = [];

    /// <summary>How the file comes into memory.</summary>
    public LoadMode LoadMode { get; init; } = LoadMode.Map;

    /// <summary>Check every tensor for values that no model has; slower, for files of doubtful origin.</summary>
    public bool CheckTensors { get; init; }

    /// <summary>Load the vocabulary and the metadata only. Such a model can tokenize, and nothing else.</summary>
    public bool VocabularyOnly { get; init; }

    /// <summary>Compute what would be allocated and allocate nothing; for <see cref="Contexts.MemoryEstimate"/>.</summary>
    internal bool WithoutMemory { get; init; }

    /// <summary>Why the parameters cannot be used with so many GPUs; null when they can. With none, what concerns them is only checked for itself.</summary>
    internal string? Fault(int gpus)
    {
        var most = gpus == 0 ? GpuLimit : Math.Min(gpus, GpuLimit);
        var there = gpus == 0 ? $"llama.cpp uses at most {GpuLimit}" : gpus == 1 ? "there is 1" : $"there are {gpus}";
        return 0 switch
        {
            _ when GpuLayers < -1 => $"GpuLayers is {GpuLayers}; it must be -1 for all layers, or 0 or more.",
            _ when !Enum.IsDefined(SplitMode) => $"SplitMode is {SplitMode}; it can be {string.Join(", ", Enum.GetNames<SplitMode>())}.",
            _ when !Enum.IsDefined(LoadMode) => $"LoadMode is {LoadMode}; it can be {string.Join(", ", Enum.GetNames<LoadMode>())}.",
            _ when MainGpu < 0 || MainGpu >= most => $"MainGpu is {MainGpu}; GPUs count from 0, and {there}.",
            _ when TensorSplit.Count > most => $"TensorSplit names the shares of {TensorSplit.Count} GPUs, and {there}.",
            _ when TensorSplit.Any(static share => !float.IsFinite(share) || share < 0) => $"TensorSplit is {string.Join(',', TensorSplit)}; a share must be 0 or more.",
            _ when TensorSplit.Count > 0 && TensorSplit.All(static share => share == 0) => $"TensorSplit is {string.Join(',', TensorSplit)}; one share must be more than 0.",
            _ when TensorSplit.Count > 0 && SplitMode == SplitMode.None => "TensorSplit names shares, and SplitMode is None, which puts all on one GPU; leave one of the two out.",
            _ => null,
        };
    }
}
