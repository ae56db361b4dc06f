using System.Net.Http.Headers;

namespace FleetOps.ModelStore.Downloads;

/// <summary>Where a file is at this moment, and what opens it.</summary>
/// <param name="Location">Where it is. May hold secrets in its query.</param>
/// <param name="Authorization">Credentials for the origin of the location; null for none.</param>
internal sealed record RemoteAddress(Uri Location, AuthenticationHeaderValue? Authorization)
{
    // A record would print its members, and both are secret.
    public override string ToString() => nameof(RemoteAddress);
}
