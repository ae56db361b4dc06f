using FleetOps.ModelStore.Credentials;
using FleetOps.ModelStore.Downloads;
using FleetOps.ModelStore.Http;
using FleetOps.ModelStore.Registry;
using FleetOps.ModelStore.Sources;

namespace FleetOps.ModelStore.Cache;

/// <summary>
/// A registry and those that have what it has, asked in its stead while it does not answer. They are asked for the digest of the manifest where it is
/// known; else the digest of the weights has to be, and nothing but the weights is taken over from them.
/// </summary>
internal sealed class RegistryMirrors(
    HttpExchange exchange, ModelFetcherOptions options, FetchPlan plan, RegistryModelSource source, FetchPolicy policy) : IDisposable
{
    private readonly SourceCredentials _credentials = SourceCredentials.Read(options.CredentialsDirectory);
    private readonly List<RegistryAccess> _accesses = [];
    private string? _manifest = source.Digest;

    /// <summary>The registry and its mirrors.</summary>
    public ResolveRing Ring()
    {
        Func<RegistryModelSource, RegistryClient> open = Open(source, _credentials.ForRegistry(source.Registry, source.Repository), isMirror: false);
        return new ResolveRing([AskAsync, .. options.Mirrors.Select(mirror => mirror.Of(source)).OfType<RegistryModelSource>().Select(Mirror)]);

        async Task<RemoteModel> AskAsync(CancellationToken token)
        {
            RemoteModel model = await policy.CheckAsync(open(source).ResolveAsync(plan.Sha256, token)).ConfigureAwait(false);
            _manifest ??= model.Revision?[RegistryModelSource.DigestPrefix.Length..];
            return model;
        }
    }

    public void Dispose() => _accesses.ForEach(static access => access.Dispose());

    private Func<CancellationToken, Task<RemoteModel>> Mirror(RegistryModelSource mirror)
    {
        // A token, or user and password, are meant for the source.
        Func<RegistryModelSource, RegistryClient> open = Open(mirror, _credentials.ForOtherRegistry(mirror.Registry, mirror.Repository), isMirror: true);
        return async token =>
        {
            string? digest = _manifest;
            if (digest is null && plan.Sha256 is null)
            {
                throw new ModelSourceException(
                    ModelSourceReason.SourceUnreachable,
                    $"The mirror {mirror} is not asked for {source}, because nobody names a digest by which to tell that it has the same model; name the digest of the manifest (@sha256:…) or give the sha256.");
            }

            RegistryClient client = open(digest is null ? mirror : mirror.Pinned(digest));
            RemoteModel mirrored = await policy.CheckAsync(client.ResolveAsync(plan.Sha256, token)).ConfigureAwait(false);
            return digest is not null ? mirrored : new RemoteModel([.. mirrored.Files.Select(static file => file with { Revision = null })]);
        };
    }

    /// <summary>Opens a repository once, so that its token serves however often it is asked; gives clients for what is asked of it.</summary>
    private Func<RegistryModelSource, RegistryClient> Open(RegistryModelSource repository, RegistryCredentials credentials, bool isMirror)
    {
        var address = new RegistryAddress(repository, options.PlainHttpRegistries);
        var access = new RegistryAccess(exchange, options, repository, address, credentials);
        _accesses.Add(access);
        return asked => new RegistryClient(access, address, asked, options) { IsMirror = isMirror };
    }
}
