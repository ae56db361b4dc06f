using System.Net.Http.Headers;

namespace FleetOps.ModelStore.Registry;

/// <summary>Who asks a registry. Has no text form, so that it cannot slip into a message.</summary>
internal sealed class RegistryCredentials
{
    /// <summary>Nobody in particular.</summary>
    public static RegistryCredentials Anonymous { get; } = new();

    /// <summary>A token that the registry takes as it is; null for none.</summary>
    public AuthenticationHeaderValue? Bearer { get; init; }

    /// <summary>User and password, for the registry or its token server; null for none.</summary>
    public AuthenticationHeaderValue? Basic { get; init; }

    /// <summary>True when there are none.</summary>
    public bool IsAnonymous => Bearer is null && Basic is null;
}
