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

    /// <summary>The blob that holds the weights.</summary>
    /// <param name="source">Where the manifest is from, for messages.</param>
    /// <param name="manifest">The manifest.</param>
    /// <param name="sha256">The digest that the request demands, which chooses among several; null when it demands none.</param>
    /// <exception cref="ModelSourceException">There is none, or which one is meant is not clear.</exception>
    public static RegistryDescriptor Choose(RegistryModelSource source, RegistryManifest manifest, string? sha256)
    {
        IReadOnlyList<RegistryDescriptor> layers = manifest.Layers ?? [];
        List<RegistryDescriptor> models = [.. layers.Where(IsModel)];
        RegistryDescriptor? demanded = sha256 is null ? null : models.Find(layer => layer.Sha256 == sha256);
        RegistryDescriptor chosen = (demanded, models) switch
        {
            ({ } one, _) => one,
            (_, [var only]) => only,
            (_, []) => throw None(source, manifest, layers),
            _ => throw Several(source, models),
        };
        return chosen.Sha256 is not null
            ? chosen
            : throw new ModelSourceException(
                ModelSourceReason.InvalidGguf, $"{source} names its weights by the digest '{Shorten(chosen.Digest)}', and only sha256 is enforced by this version; push the model with sha256 digests.");
    }

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

    private static ModelSourceException Several(RegistryModelSource source, List<RegistryDescriptor> models) => new(
        ModelSourceReason.InvalidConfiguration,
        $"{source} holds {models.Count} GGUF files; demand the sha256 of the one that is meant: {string.Join(", ", models.Take(12).Select(static layer => $"{Shorten(layer.Name ?? "unnamed")} {layer.Sha256}"))}.");

    private static string Shorten(string? text) => text switch
    {
        null or "" => "none",
        { Length: > 100 } => text[..100] + "…",
        _ => text,
    };
}
