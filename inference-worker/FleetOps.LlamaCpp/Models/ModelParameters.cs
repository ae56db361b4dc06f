namespace FleetOps.LlamaCpp.Models;

/// <summary>How a model is loaded.</summary>
public sealed record ModelParameters
{
    /// <summary>Layers to keep in GPU memory; -1 is all of them. Without a GPU it has no effect.</summary>
    public int GpuLayers { get; init; } = -1;

    /// <summary>Map the file into memory instead of reading it; the default. Pages are then shared between processes.</summary>
    public bool UseMemoryMap { get; init; } = true;

    /// <summary>Check every tensor for values that no model has; slower, for files of doubtful origin.</summary>
    public bool CheckTensors { get; init; }

    /// <summary>Load the vocabulary and the metadata only. Such a model can tokenize, and nothing else.</summary>
    public bool VocabularyOnly { get; init; }

    /// <summary>Compute what would be allocated and allocate nothing; for <see cref="Contexts.MemoryEstimate"/>.</summary>
    internal bool WithoutMemory { get; init; }

    /// <summary>Why the parameters cannot be used; null when they can.</summary>
    internal string? Fault => GpuLayers < -1 ? $"GpuLayers is {GpuLayers}; it must be -1 for all layers, or 0 or more." : null;
}
