namespace FleetOps.ModelStore.Registry;

/// <summary>What a manifest says about one of its blobs, or an index about one of its manifests.</summary>
internal sealed record RegistryDescriptor
{
    private const string Sha256Prefix = "sha256:";

    // The first is ModelPack's, the second the one that ORAS and others write.
    private static readonly string[] NameKeys = ["org.cncf.model.filepath", "org.cnai.model.filepath", "org.opencontainers.image.title"];

    public string? MediaType { get; init; }

    public string? ArtifactType { get; init; }

    /// <summary>Algorithm and value, as in <c>sha256:…</c>.</summary>
    public string? Digest { get; init; }

    public long? Size { get; init; }

    public RegistryPlatform? Platform { get; init; }

    public IReadOnlyDictionary<string, string>? Annotations { get; init; }

    /// <summary>The digest, 64 lower-case hexadecimal digits; null when it is of another algorithm.</summary>
    public string? Sha256 =>
        Digest is { } digest && digest.StartsWith(Sha256Prefix, StringComparison.Ordinal) && Verification.Sha256Text.IsDigest(digest[Sha256Prefix.Length..])
            ? digest[Sha256Prefix.Length..].ToLowerInvariant()
            : null;

    /// <summary>Path of the file that the blob is; null when nobody names it.</summary>
    public string? Name => NameKeys.Select(key => Annotations?.GetValueOrDefault(key)).FirstOrDefault(static name => !string.IsNullOrEmpty(name));
}
