using FleetOps.ModelStore.Gguf;
using FleetOps.ModelStore.Sources;

namespace FleetOps.ModelStore.Verification;

/// <summary>The last check before a file is named as usable: its header is sound and it is a whole model.</summary>
internal static class ModelGate
{
    /// <summary>Reads the header of a file and refuses what cannot be loaded.</summary>
    /// <exception cref="ModelSourceException">The file is no model that can be loaded (<see cref="ModelSourceReason.InvalidGguf"/>).</exception>
    public static GgufHeader Check(string path, ModelSource source)
    {
        GgufHeader header;
        try
        {
            header = GgufHeader.Read(path);
        }
        catch (GgufFormatException e)
        {
            throw new ModelSourceException(ModelSourceReason.InvalidGguf, $"{source} cannot be loaded. {e.Message}", e);
        }

        if (string.IsNullOrWhiteSpace(header.Architecture))
        {
            throw Refuse(source, "its header names no architecture (general.architecture); convert the model anew.");
        }

        if (header.Tensors.Count == 0)
        {
            throw Refuse(source, "it holds no tensors, only metadata; give the file with the weights.");
        }

        if (GgufModel.Fault(header) is { } fault)
        {
            throw Refuse(source, $"{fault}; the file is damaged, fetch it again or convert the model anew.");
        }

        return header.SplitCount == 1
            ? header
            : throw Refuse(source, $"it is one of {header.SplitCount} files of a split model, which this version does not load; merge them with llama-gguf-split --merge.");
    }

    private static ModelSourceException Refuse(ModelSource source, string problem) =>
        new(ModelSourceReason.InvalidGguf, $"{source} cannot be loaded: {problem}");
}
