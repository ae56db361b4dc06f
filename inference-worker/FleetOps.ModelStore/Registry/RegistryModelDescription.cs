namespace FleetOps.ModelStore.Registry;

/// <summary>Where a model comes from, in ModelPack's description of it.</summary>
internal sealed record RegistryModelDescription
{
    /// <summary>Licences, as SPDX expressions.</summary>
    public IReadOnlyList<string>? Licenses { get; init; }
}
