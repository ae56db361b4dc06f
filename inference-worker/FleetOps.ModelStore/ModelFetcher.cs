using FleetOps.ModelStore.Cache;
using FleetOps.ModelStore.Credentials;
using FleetOps.ModelStore.Downloads;
using FleetOps.ModelStore.Http;
using FleetOps.ModelStore.Hub;
using FleetOps.ModelStore.Registry;
using FleetOps.ModelStore.S3;
using FleetOps.ModelStore.Sources;

namespace FleetOps.ModelStore;

/// <summary>
/// Turns sources into verified files. Files of <c>https://</c>, <c>http://</c>, <c>hf://</c>, <c>s3://</c> and <c>oci://</c> are downloaded into the model directory once and hashed
/// again each time they are used; files of <c>pvc://</c> and <c>file://</c> are hashed where they lie. A file whose digest or header is wrong is never
/// returned. Thread-safe; two fetches of one source, in one process or in several on one volume, download once.
/// </summary>
public sealed class ModelFetcher : IDisposable
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(5);

    // What is removed needs no proof, not even of a source of plain http.
    private static readonly string AnyDigest = new('0', 64);

    private readonly ModelFetcherOptions _options;
    private readonly HttpMessageInvoker _invoker;

    /// <summary>Creates a fetcher.</summary>
    /// <param name="options">Where files live and how patient to be.</param>
    /// <exception cref="ModelSourceException">An option is out of its range (<see cref="ModelSourceReason.InvalidConfiguration"/>).</exception>
    public ModelFetcher(ModelFetcherOptions options)
    {
        options.Validate();
        _options = options;
        _invoker = options.HttpMessageHandler is { } handler
            ? new HttpMessageInvoker(handler, disposeHandler: false)
            : new HttpMessageInvoker(new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                UseCookies = false,
                ConnectTimeout = ConnectTimeout,
                PooledConnectionLifetime = ConnectionLifetime,
            });
    }

    /// <summary>Fetches and verifies one model. Faults that may pass are retried with back-off and told by <paramref name="progress"/> meanwhile.</summary>
    /// <param name="request">What to fetch and what it has to be.</param>
    /// <param name="progress">Is told how the fetch goes, on threads of the fetch; may be null.</param>
    /// <param name="cancellationToken">Ends the fetch; what was downloaded stays and the next fetch goes on from there.</param>
    /// <exception cref="ModelSourceException">No verified file came of it; its reason says why.</exception>
    /// <exception cref="OperationCanceledException">The fetch was cancelled.</exception>
    public async Task<VerifiedModel> FetchAsync(FetchRequest request, IProgress<FetchProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        var policy = new FetchPolicy(request, _options.HubEndpoint);
        FetchPlan plan = FetchPlan.From(request) with
        {
            BeforeDownload = request.BeforeDownload,
            CheckHeader = request.AcceptedLicense is null ? null : policy.CheckHeader,
        };
        policy.CheckSource();
        var reporter = new FetchReporter(progress, _options.TimeProvider, _options.ProgressInterval);
        var exchange = new HttpExchange(_invoker, _options);
        return policy.Check(plan.Source switch
        {
            ClaimModelSource claim => await new InPlaceFetch(_options, reporter).VerifyAsync(plan, claim, cancellationToken).ConfigureAwait(false),
            FileModelSource file => await new InPlaceFetch(_options, reporter).VerifyAsync(plan, file, cancellationToken).ConfigureAwait(false),
            HttpModelSource web => await FetchAsync(plan, web, exchange, reporter, cancellationToken).ConfigureAwait(false),
            S3ModelSource s3 => await FetchAsync(plan, s3, policy, exchange, reporter, cancellationToken).ConfigureAwait(false),
            HubModelSource hub => await FetchAsync(plan, hub, policy, exchange, reporter, cancellationToken).ConfigureAwait(false),
            RegistryModelSource registry => await FetchAsync(plan, registry, policy, exchange, reporter, cancellationToken).ConfigureAwait(false),
            _ => throw new ModelSourceException(ModelSourceReason.InvalidConfiguration, $"{plan.Source} is of a kind that cannot be fetched."),
        });
    }

    /// <summary>Removes what was fetched of a source, unless somebody uses it. Nothing is asked of the source.</summary>
    /// <param name="request">As it was fetched; its digest does not matter.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ModelSourceException">The files could not be removed; its reason says why.</exception>
    public Task<ModelRemoval> RemoveAsync(FetchRequest request, CancellationToken cancellationToken = default) =>
        request.Source is ClaimModelSource or FileModelSource
            ? throw new ModelSourceException(ModelSourceReason.InvalidConfiguration, $"{request.Source} is no fetched file, and is not removed.")
            : new StoredRemoval(_options).RunAsync(FetchPlan.From(request with { Sha256 = request.Sha256 ?? AnyDigest }), cancellationToken);

    /// <summary>Closes the connections that are open. Fetches that are running fail.</summary>
    public void Dispose() => _invoker.Dispose();

    private Task<VerifiedModel> FetchAsync(FetchPlan plan, HttpModelSource web, HttpExchange exchange, FetchReporter reporter, CancellationToken cancellationToken)
    {
        var client = new WebClient(exchange, _options, web, SourceCredentials.Read(_options.CredentialsDirectory).ForWeb());
        var folder = CacheFolder.Of(_options.ModelDirectory, plan, "");
        return new CachedFetch(exchange, _options, reporter).RunAsync(plan, folder, new WebMirrors(exchange, _options, plan).With(client.ResolveAsync), cancellationToken);
    }

    private Task<VerifiedModel> FetchAsync(FetchPlan plan, HubModelSource hub, FetchPolicy policy, HttpExchange exchange, FetchReporter reporter, CancellationToken cancellationToken)
    {
        IReadOnlyList<Uri> hubs = [_options.HubEndpoint, .. _options.HubMirrors];
        if (plan.Sha256 is null && hubs.FirstOrDefault(address => !HttpExchange.IsPrivate(address)) is { } plain)
        {
            throw new ModelSourceException(
                ModelSourceReason.InvalidConfiguration,
                $"The hub {plain.Authority} is asked over plain http, so what it says about {hub} proves nothing; give the sha256, or use https.");
        }

        System.Net.Http.Headers.AuthenticationHeaderValue? authorization = SourceCredentials.Read(_options.CredentialsDirectory).ForHub();
        var folder = CacheFolder.Of(_options.ModelDirectory, plan, _options.HubEndpoint.AbsoluteUri);

        // The token belongs to the hub, not to its mirrors.
        var ring = new ResolveRing([.. hubs.Select((address, place) =>
        {
            var client = new HubClient(exchange, _options, address, hub, place == 0 ? authorization : null);
            return (Func<CancellationToken, Task<RemoteModel>>)(token => policy.CheckAsync(client.ResolveAsync(plan.Revision!, token)));
        })]);
        return new CachedFetch(exchange, _options, reporter).RunAsync(plan, folder, ring, cancellationToken);
    }

    private Task<VerifiedModel> FetchAsync(FetchPlan plan, S3ModelSource s3, FetchPolicy policy, HttpExchange exchange, FetchReporter reporter, CancellationToken cancellationToken)
    {
        if (_options.S3.Endpoint is { } endpoint && !HttpExchange.IsPrivate(endpoint) && plan.Sha256 is null)
        {
            throw new ModelSourceException(
                ModelSourceReason.InvalidConfiguration,
                $"{endpoint.Authority} is asked over plain http, so what it says about {s3} proves nothing; give the sha256, or use https.");
        }

        var client = new S3Client(exchange, _options, s3);
        var folder = CacheFolder.Of(_options.ModelDirectory, plan, S3Client.Origin(_options.S3));
        return new CachedFetch(exchange, _options, reporter).RunAsync(
            plan, folder, new WebMirrors(exchange, _options, plan).With(token => policy.CheckAsync(client.ResolveAsync(plan.Revision, token))), cancellationToken);
    }

    private async Task<VerifiedModel> FetchAsync(
        FetchPlan plan, RegistryModelSource registry, FetchPolicy policy, HttpExchange exchange, FetchReporter reporter, CancellationToken cancellationToken)
    {
        var address = new RegistryAddress(registry, _options.PlainHttpRegistries);
        if (!address.IsPrivate && plan.Sha256 is null && registry.Digest is null)
        {
            throw new ModelSourceException(
                ModelSourceReason.InvalidConfiguration,
                $"The registry {registry.Registry} is asked over plain http, so what it says about {registry} proves nothing; name the digest of the manifest (@sha256:…) or give the sha256, or use https.");
        }

        using var mirrors = new RegistryMirrors(exchange, _options, plan, registry, policy);
        var folder = CacheFolder.Of(_options.ModelDirectory, plan, "");
        return await new CachedFetch(exchange, _options, reporter).RunAsync(plan, folder, mirrors.Ring(), cancellationToken).ConfigureAwait(false);
    }
}
