namespace FleetOps.ModelStore.Registry;

/// <summary>What a registry answers instead of what was asked for.</summary>
internal sealed record RegistryErrors
{
    public IReadOnlyList<RegistryError>? Errors { get; init; }
}
