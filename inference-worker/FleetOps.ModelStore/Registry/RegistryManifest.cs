namespace FleetOps.ModelStore.Registry;

/// <summary>A manifest or an index of manifests; only what is used here.</summary>
internal sealed record RegistryManifest
{
    public int SchemaVersion { get; init; }

    public string? MediaType { get; init; }

    public string? ArtifactType { get; init; }

    public RegistryDescriptor? Config { get; init; }

    /// <summary>The blobs; null for an index.</summary>
    public IReadOnlyList<RegistryDescriptor>? Layers { get; init; }

    /// <summary>The manifests of an index; null for a manifest.</summary>
    public IReadOnlyList<RegistryDescriptor>? Manifests { get; init; }

    public IReadOnlyDictionary<string, string>? Annotations { get; init; }
}
