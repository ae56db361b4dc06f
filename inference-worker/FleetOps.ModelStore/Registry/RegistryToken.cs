using System.Text.Json.Serialization;

namespace FleetOps.ModelStore.Registry;

/// <summary>What a token server gives. Never printed.</summary>
internal sealed class RegistryToken
{
    public string? Token { get; init; }

    /// <summary>The same under the name that OAuth has for it; some servers give this one only.</summary>
    [JsonPropertyName("access_token")]
    public string? AccessToken { get; init; }

    /// <summary>Seconds for which the token is good; null means a minute.</summary>
    [JsonPropertyName("expires_in")]
    public double? ExpiresIn { get; init; }
}
