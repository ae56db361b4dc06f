using FleetOps.ModelStore.Gguf;
using FleetOps.ModelStore.Sources;

namespace FleetOps.ModelStore.Verification;

/// <summary>The last check before a model is named as usable: the headers of its files are sound and it is whole.</summary>
internal static class ModelGate
{
    private const string CountKey = "split.count";
    private const string TensorsKey = "split.tensors.count";

    // There may be hundreds of them, all in memory at once.
    private const long MaxLaterHeaderBytes = 1 << 20;

    /// <summary>Reads the header of one file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">What the file is called in messages.</param>
    /// <param name="number">Which file of its model it is, from 1.</param>
    /// <param name="count">How many files its model has.</param>
    /// <exception cref="ModelSourceException">It cannot be loaded, or belongs elsewhere (<see cref="ModelSourceReason.InvalidGguf"/>).</exception>
    public static GgufHeader Read(string path, string name, int number, int count) => Read(() => GgufHeader.Read(path), name, number, count);

    /// <summary>The same for a header that is read otherwise.</summary>
    /// <param name="read">Reads the header.</param>
    /// <param name="name">What the file is called in messages.</param>
    /// <param name="number">Which file of its model it is, from 1.</param>
    /// <param name="count">How many files its model has.</param>
    /// <exception cref="ModelSourceException">It cannot be loaded, or belongs elsewhere (<see cref="ModelSourceReason.InvalidGguf"/>).</exception>
    public static GgufHeader Read(Func<GgufHeader> read, string name, int number, int count)
    {
        GgufHeader header;
        try
        {
            header = read();
        }
        catch (GgufFormatException e)
        {
            throw new ModelSourceException(ModelSourceReason.InvalidGguf, $"{name} cannot be loaded. {e.Message}", e);
        }

        if (count == 1)
        {
            return header.SplitCount == 1
                ? header
                : throw Refuse(name, $"it is one of {header.SplitCount} files of a split model and not named as such; name the first of them as llama.cpp does, NAME-00001-of-{header.SplitCount:D5}.gguf, with the others beside it.");
        }

        // llama.cpp ends the process over a number of another type.
        if (number > 1 && header.DataOffset > MaxLaterHeaderBytes + header.Alignment)
        {
            throw Refuse(name, $"its header has {header.DataOffset} bytes; all but the first file of a split model have few metadata. Split the model with llama-gguf-split.");
        }

        bool fits = header.SplitCount == count && header.SplitNumber == number - 1 && header.Metadata[CountKey].Type == GgufValueType.UInt16;
        return fits
            ? header
            : throw Refuse(name, $"its header says that it is file {Text(header, "split.no")} (counted from 0) of {Text(header, CountKey)}, and its name says {number} of {count}; it is another file, name the files as llama-gguf-split wrote them.");
    }

    /// <summary>Refuses what cannot be loaded though each of its files is sound.</summary>
    /// <param name="files">The headers of the files in their order.</param>
    /// <param name="source">Where they are from.</param>
    /// <returns>The header of the whole.</returns>
    /// <exception cref="ModelSourceException">The files are no model that can be loaded (<see cref="ModelSourceReason.InvalidGguf"/>).</exception>
    public static GgufHeader Check(IReadOnlyList<GgufHeader> files, ModelSource source)
    {
        GgufHeader header = GgufHeader.Join(files);
        string name = source.ToString();
        if (string.IsNullOrWhiteSpace(header.Architecture))
        {
            throw Refuse(name, "its header names no architecture (general.architecture); convert the model anew.");
        }

        if (header.Tensors.Count == 0)
        {
            throw Refuse(name, "it holds no tensors, only metadata; give the file with the weights.");
        }

        string? fault = (files.Count == 1 ? null : SplitFault(header)) ?? GgufModel.Fault(header);
        return fault is not null
            ? throw Refuse(name, $"{fault}; the file is damaged, fetch it again or convert the model anew.")
            : header;
    }

    private static string? SplitFault(GgufHeader header)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        return header.Tensors.FirstOrDefault(tensor => !names.Add(tensor.Name)) is { } twice
            ? $"the tensor {twice.Name} is in two of its files"
            : header.Metadata.GetValueOrDefault(TensorsKey) is { Type: GgufValueType.Int32, NonNegative: { } tensors } && tensors == (ulong)header.Tensors.Count
                ? null
                : $"{TensorsKey} is {Text(header, TensorsKey)} and its files hold {header.Tensors.Count}";
    }

    private static string Text(GgufHeader header, string key) => header.Metadata.GetValueOrDefault(key)?.ToString() ?? "not named";

    private static ModelSourceException Refuse(string name, string problem) =>
        new(ModelSourceReason.InvalidGguf, $"{name} cannot be loaded: {problem}");
}
