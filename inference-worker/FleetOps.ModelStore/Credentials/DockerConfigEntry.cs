namespace FleetOps.ModelStore.Credentials;

/// <summary>Credentials for one registry. Never printed.</summary>
internal sealed class DockerConfigEntry
{
    public string? Username { get; init; }

    public string? Password { get; init; }

    /// <summary>User, colon and password in Base64.</summary>
    public string? Auth { get; init; }
}
