namespace FleetOps.ModelStore.Registry;

/// <summary>For which machines a manifest of an index is.</summary>
internal sealed record RegistryPlatform
{
    public string? Os { get; init; }

    public string? Architecture { get; init; }
}
