using System.Net.Http.Headers;

namespace FleetOps.ModelStore.Http;

/// <summary>A request to be sent.</summary>
/// <param name="Method">GET or HEAD.</param>
/// <param name="Address">Where to. May hold secrets in its query.</param>
internal sealed record HttpQuestion(HttpMethod Method, Uri Address)
{
    /// <summary>Credentials for the origin of the address; null for none.</summary>
    public AuthenticationHeaderValue? Authorization { get; init; }

    /// <summary>Which bytes, and under which condition; null for all.</summary>
    public RangeCondition? Range { get; init; }

    /// <summary>Further headers, sent to the origin of the address and to where it redirects.</summary>
    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    /// <summary>Decides whether a redirect is followed, given the redirect and its target; null follows all.</summary>
    public Func<HttpAnswer, Uri, bool>? Follow { get; init; }

    // A record would print its members, and two of them are secret.
    public override string ToString() => nameof(HttpQuestion);
}
