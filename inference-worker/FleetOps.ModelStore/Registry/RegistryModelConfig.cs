namespace FleetOps.ModelStore.Registry;

/// <summary>ModelPack's description of a model; only what is used here.</summary>
internal sealed record RegistryModelConfig
{
    public RegistryModelDescription? Descriptor { get; init; }
}
