using FleetOps.ModelStore.Sources;

namespace FleetOps.ModelStore.Registry;

/// <summary>
/// Finds the weights among the blobs of a manifest: of Docker's model images, of ModelPack, and of files that were pushed with ORAS. Weights in an archive are
/// refused: their digest would be that of the archive, and unpacking would need the space of the model twice.
/// </summary>
internal static class ModelLayers
{
    private const string Extension = ".gguf";

    // Blobs that are a GGUF model by their very type.
    private static readonly string[] GgufTypes =
        ["application/vnd.docker.ai.gguf.v3", "application/vnd.docker.ai.model.file.v1+gguf", "application/vnd.cncf.model.weight.v1.gguf"];

    // ModelPack's weights of any format, under its present and its former name.
    private static readonly string[] WeightTypes = ["application/vnd.cncf.model.weight.v1.", "application/vnd.cnai.model.weight.v1."];

    /// <summary>The blobs that hold the weights, in the order of their files: one, or those of a split model.</summary>
    /// <param name="source">Where the manifest is from, for messages.</param>
    /// <param name="manifest">The manifest.</param>
    /// <param name="sha256">The digest that the request demands, which chooses among several models; null when it demands none.</param>
    /// <exception cref="ModelSourceException">There is none, or which one is meant is not clear.</exception>
    public static IReadOnlyList<RegistryDescriptor> Choose(RegistryModelSource source, RegistryManifest manifest, string? sha256)
    {
        IReadOnlyList<RegistryDescriptor> layers = manifest.Layers ?? [];
        List<IReadOnlyList<RegistryDescriptor>> models = [.. ByModel(layers.Where(IsModel))];
        IReadOnlyList<RegistryDescriptor>? demanded = sha256 is null ? null : models.Find(files => Sha256(files) == sha256);
        IReadOnlyList<RegistryDescriptor> chosen = (demanded, models) switch
        {
            ({ } one, _) => one,
            (_, [var only]) => only,
            (_, []) => throw None(source, manifest, layers),
            _ => throw Several(source, models),
        };
        if (chosen.FirstOrDefault(static layer => layer.Sha256 is null) is { } other)
        {
            throw new ModelSourceException(
                ModelSourceReason.InvalidGguf, $"{source} names its weights by the digest '{Shorten(other.Digest)}', and only sha256 is enforced by this version; push the model with sha256 digests.");
        }

        return Split(chosen[0]) is { } split ? Complete(source, split, chosen) : chosen;
    }

    // The files of a split model are one model; every other file is one by itself.
    private static IEnumerable<IReadOnlyList<RegistryDescriptor>> ByModel(IEnumerable<RegistryDescriptor> files) =>
        from numbered in files.Select(static (file, place) => (File: file, Place: place, Split: Split(file)))
        group numbered by numbered.Split is { } split ? (split.Prefix, split.Count) : ("", -numbered.Place) into model
        select (IReadOnlyList<RegistryDescriptor>)[.. model.OrderBy(static one => one.Split?.Number).Select(static one => one.File)];

    private static IReadOnlyList<RegistryDescriptor> Complete(RegistryModelSource source, SplitName split, IReadOnlyList<RegistryDescriptor> files)
    {
        if (split.Count is 0 or > SplitName.MaxCount)
        {
            throw new ModelSourceException(ModelSourceReason.InvalidGguf, $"{source} holds a model that is split into {split.Count} files; at most {SplitName.MaxCount} are read. Push it in fewer files.");
        }

        int[] numbers = [.. files.Select(static file => Split(file)!.Value.Number)];
        int missing = Enumerable.Range(1, split.Count).FirstOrDefault(number => !numbers.Contains(number));
        return missing == 0 && files.Count == split.Count
            ? files
            : throw new ModelSourceException(
                ModelSourceReason.SourceNotFound,
                missing == 0
                    ? $"{source} holds {files.Count} layers for the {split.Count} files of the split model {Shorten(split.Of(1))}; push each file once."
                    : $"File {missing} of the {split.Count} files of a split model is missing: {source} holds no layer that is named {Shorten(split.Of(missing))}; push all of them.");
    }

    private static SplitName? Split(RegistryDescriptor layer) => layer.Name is { } name ? SplitName.Parse(name) : null;

    private static string? Sha256(IReadOnlyList<RegistryDescriptor> files) =>
        files.All(static file => file.Sha256 is not null) ? Verification.Sha256Text.OfFiles([.. files.Select(static file => file.Sha256!)]) : null;

    private static bool IsModel(RegistryDescriptor layer)
    {
        string type = layer.MediaType ?? "";
        bool named = layer.Name?.EndsWith(Extension, StringComparison.OrdinalIgnoreCase) == true && !IsProjector(layer.Name);
        return 0 switch
        {
            _ when GgufTypes.Contains(type, StringComparer.Ordinal) => layer.Name is null || !IsProjector(layer.Name),
            _ when type.StartsWith("application/vnd.docker.ai.", StringComparison.Ordinal) => false,
            _ when IsWeight(type) => type.EndsWith(".raw", StringComparison.Ordinal) && (named || layer.Name is null),
            _ when type.StartsWith("application/vnd.cncf.model.", StringComparison.Ordinal) || type.StartsWith("application/vnd.cnai.model.", StringComparison.Ordinal) => false,
            _ => named,
        };
    }

    private static bool IsWeight(string type) => WeightTypes.Any(prefix => type.StartsWith(prefix, StringComparison.Ordinal) && type.Length > prefix.Length);

    // The part of a model that sees images; a file of its own, of the same format.
    private static bool IsProjector(string name) => name[(name.LastIndexOf('/') + 1)..].StartsWith("mmproj", StringComparison.OrdinalIgnoreCase);

    private static ModelSourceException None(RegistryModelSource source, RegistryManifest manifest, IReadOnlyList<RegistryDescriptor> layers)
    {
        RegistryDescriptor? archive = layers.FirstOrDefault(static layer => layer.MediaType is { } type && IsWeight(type) && type.Contains(".tar", StringComparison.Ordinal));
        string types = layers.Count == 0
            ? $"no layers (its type is {manifest.ArtifactType ?? manifest.Config?.MediaType ?? manifest.MediaType ?? "not named"})"
            : $"layers of the types {string.Join(", ", layers.Select(static layer => Shorten(layer.MediaType)).Distinct().Take(12))}";
        return new ModelSourceException(
            ModelSourceReason.InvalidGguf,
            archive is null
                ? $"{source} holds no GGUF file: its manifest has {types}. Name a model in the format GGUF."
                : $"{source} holds its weights in an archive ({archive.MediaType}), which is not unpacked; package the GGUF file raw, as application/vnd.cncf.model.weight.v1.raw.");
    }

    private static ModelSourceException Several(RegistryModelSource source, List<IReadOnlyList<RegistryDescriptor>> models) => new(
        ModelSourceReason.InvalidConfiguration,
        $"{source} holds {models.Count} GGUF files; demand the sha256 of the one that is meant: {string.Join(", ", models.Take(12).Select(static files => $"{Shorten(files[0].Name ?? "unnamed")} {Sha256(files)}"))}.");

    private static string Shorten(string? text) => text switch
    {
        null or "" => "none",
        { Length: > 100 } => text[..100] + "…",
        _ => text,
    };
}
