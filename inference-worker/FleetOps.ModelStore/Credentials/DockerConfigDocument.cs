namespace FleetOps.ModelStore.Credentials;

/// <summary>Docker's file of credentials; only what is used here. Never printed.</summary>
internal sealed class DockerConfigDocument
{
    /// <summary>Credentials by the address they are for.</summary>
    public IReadOnlyDictionary<string, DockerConfigEntry>? Auths { get; init; }
}
