namespace FleetOps.ModelStore.Http;

/// <summary>A response whose body is not read yet, and where it came from after all redirects.</summary>
/// <param name="Response">The response.</param>
/// <param name="Address">The address that answered. May hold secrets in its query.</param>
/// <param name="LeftOrigin">True when a redirect led away from the host that was asked.</param>
/// <param name="Authorized">True when credentials were sent to the host that was asked.</param>
internal sealed record HttpAnswer(HttpResponseMessage Response, Uri Address, bool LeftOrigin, bool Authorized) : IDisposable
{
    public int Status => (int)Response.StatusCode;

    /// <summary>The value of a header; null when it is absent.</summary>
    public string? Header(string name) => Response.Headers.TryGetValues(name, out IEnumerable<string>? values) ? values.FirstOrDefault() : null;

    public void Dispose() => Response.Dispose();
}
