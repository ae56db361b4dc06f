using System.Net.Http.Headers;
using FleetOps.ModelStore.Http;

namespace FleetOps.ModelStore.Downloads;

/// <summary>A file that can be downloaded, and what its source says about it.</summary>
/// <param name="Location">Where it is. May hold secrets in its query.</param>
/// <param name="Authorization">Credentials for the origin of the location; null for none.</param>
/// <param name="Judge">What an answer that is no success means.</param>
internal sealed record RemoteFile(Uri Location, AuthenticationHeaderValue? Authorization, Func<HttpAnswer, ModelSourceException> Judge)
{
    /// <summary>The digest that the source publishes; null when it publishes none.</summary>
    public string? Sha256 { get; init; }

    /// <summary>The size that the source publishes in bytes; null when it publishes none.</summary>
    public long? SizeBytes { get; init; }

    /// <summary>The commit; null where the source has none.</summary>
    public string? Revision { get; init; }

    /// <summary>The licence; null when the source names none.</summary>
    public string? License { get; init; }

    // A record would print its members, and two of them are secret.
    public override string ToString() => nameof(RemoteFile);
}
