using System.Net.Http.Headers;
using FleetOps.ModelStore.Http;
using FleetOps.ModelStore.Sources;

namespace FleetOps.ModelStore.Registry;

/// <summary>
/// What opens one repository: nothing, user and password, or a token that the registry's token server gives for it and that runs out after
/// minutes. The registry itself says which, when it is first asked. Thread-safe.
/// </summary>
internal sealed class RegistryAccess(
    HttpExchange exchange, ModelFetcherOptions options, RegistryModelSource source, RegistryAddress address, RegistryCredentials credentials) : IDisposable
{
    // What the protocol says when the token server does not; and a token is renewed before it runs out on the way.
    private const double DefaultLifetimeSeconds = 60;
    private const double UsedLifetime = 0.8;

    // A token that is refused so soon did not run out: it does not allow what was asked.
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _gate = new(1);
    private AuthenticationChallenge? _challenge;
    private AuthenticationHeaderValue? _authorization = credentials.Bearer;
    private DateTimeOffset _obtained;
    private DateTimeOffset? _expires;

    /// <summary>True when nobody in particular asks.</summary>
    public bool IsAnonymous => credentials.IsAnonymous;

    /// <summary>What to send to the registry now; null for nothing.</summary>
    /// <exception cref="ModelSourceException">The token server gives none.</exception>
    public async ValueTask<AuthenticationHeaderValue?> AuthorizeAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            bool ranOut = _expires < options.TimeProvider.GetUtcNow();
            if (_challenge is not null && (_authorization is null || ranOut))
            {
                await MeetAsync(_challenge, cancellationToken).ConfigureAwait(false);
            }

            return _authorization;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Asks the registry, and once more when it says how it wants to be asked; the caller disposes the answer.</summary>
    /// <param name="where">Where to.</param>
    /// <param name="headers">Further headers.</param>
    /// <param name="cancellationToken">Ends the exchange.</param>
    public async Task<HttpAnswer> SendAsync(Uri where, IReadOnlyList<(string Name, string Value)> headers, CancellationToken cancellationToken)
    {
        HttpAnswer answer = await SendOnceAsync(where, headers, cancellationToken).ConfigureAwait(false);
        if (answer.Status != 401 || answer.LeftOrigin || AuthenticationChallenge.Of(answer) is not { } challenge || credentials.Bearer is not null)
        {
            return answer;
        }

        answer.Dispose();
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        (_challenge, _authorization) = (challenge, null);
        _gate.Release();
        return await SendOnceAsync(where, headers, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Drops what was refused. True when something else can be had instead, so that asking again makes sense.</summary>
    public bool Renew()
    {
        _gate.Wait();
        try
        {
            bool old = _expires is not null && options.TimeProvider.GetUtcNow() - _obtained >= Fresh;
            if (old)
            {
                _authorization = null;
            }

            return old;
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    private async Task<HttpAnswer> SendOnceAsync(Uri where, IReadOnlyList<(string Name, string Value)> headers, CancellationToken cancellationToken) =>
        await exchange.SendAsync(
            new HttpQuestion(HttpMethod.Get, where)
            {
                Authorization = await AuthorizeAsync(cancellationToken).ConfigureAwait(false),
                Headers = headers,
            },
            cancellationToken).ConfigureAwait(false);

    private async Task MeetAsync(AuthenticationChallenge challenge, CancellationToken cancellationToken)
    {
        if (challenge.Scheme == AuthenticationChallenge.Basic)
        {
            (_authorization, _expires) = (credentials.Basic, null);
            return;
        }

        RegistryToken token = await AskAsync(TokenAddress(challenge), cancellationToken).ConfigureAwait(false);
        string? value = token.Token is { Length: > 0 } named ? named : token.AccessToken;
        if (string.IsNullOrEmpty(value) || value.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            throw Unusable($"the token server of {source.Registry} answers without a token");
        }

        _authorization = new AuthenticationHeaderValue("Bearer", value);
        _obtained = options.TimeProvider.GetUtcNow();
        double seconds = token.ExpiresIn is { } given && double.IsFinite(given) ? Math.Clamp(given, DefaultLifetimeSeconds, 86_400) : DefaultLifetimeSeconds;
        _expires = _obtained + TimeSpan.FromSeconds(seconds * UsedLifetime);
    }

    private Uri TokenAddress(AuthenticationChallenge challenge)
    {
        string realm = challenge.Parameters.GetValueOrDefault("realm") ?? "";
        if (!Uri.TryCreate(realm, UriKind.Absolute, out Uri? server) || server.Scheme is not ("https" or "http"))
        {
            throw Unusable($"{source.Registry} asks for a token and names no server that gives one");
        }

        if (address.Base.Scheme == Uri.UriSchemeHttps && server.Scheme != Uri.UriSchemeHttps)
        {
            throw Unusable($"{source.Registry} sends for its tokens to {server.Scheme}://{server.Authority}, which is unencrypted and refused");
        }

        string query = $"scope={Uri.EscapeDataString(challenge.Parameters.GetValueOrDefault("scope") is { Length: > 0 } scope ? scope : address.Scope)}";
        if (challenge.Parameters.GetValueOrDefault("service") is { Length: > 0 } service)
        {
            query = $"service={Uri.EscapeDataString(service)}&{query}";
        }

        return new UriBuilder(server) { Query = server.Query.Length > 1 ? $"{server.Query[1..]}&{query}" : query, Fragment = "" }.Uri;
    }

    private async Task<RegistryToken> AskAsync(Uri server, CancellationToken cancellationToken)
    {
        using HttpAnswer answer = await exchange.SendAsync(new HttpQuestion(HttpMethod.Get, server) { Authorization = credentials.Basic }, cancellationToken).ConfigureAwait(false);
        if (answer.Status != 200)
        {
            throw RegistryFaults.JudgeToken(answer, source, credentials.IsAnonymous, options.TimeProvider.GetUtcNow());
        }

        byte[] body = await RegistryBody.ReadAsync(answer, options, cancellationToken).ConfigureAwait(false);
        return RegistryBody.Parse(body, RegistryJson.Default.RegistryToken)
            ?? throw Unusable($"the token server of {source.Registry} ({server.Authority}) answers something that is no token");
    }

    private ModelSourceException Unusable(string problem) =>
        new(ModelSourceReason.SourceUnreachable, $"{source} cannot be fetched: {problem}; check that the address is that of a registry.");
}
