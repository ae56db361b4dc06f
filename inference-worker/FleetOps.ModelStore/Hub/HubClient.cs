using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using FleetOps.ModelStore.Downloads;
using FleetOps.ModelStore.Http;
using FleetOps.ModelStore.Sources;
using FleetOps.ModelStore.Verification;

namespace FleetOps.ModelStore.Hub;

/// <summary>Asks a hub which commit a revision is, and which digest and size the files of a model have there.</summary>
/// <param name="exchange">Sends the requests.</param>
/// <param name="options">How patient to be.</param>
/// <param name="endpoint">The hub.</param>
/// <param name="model">The model.</param>
/// <param name="authorization">The token; null for none.</param>
internal sealed class HubClient(HttpExchange exchange, ModelFetcherOptions options, Uri endpoint, HubModelSource model, AuthenticationHeaderValue? authorization)
{
    private const int MaxListingPages = 100;
    private const int MaxJsonBytes = 64 << 20;
    private const int CommitDigits = 40;
    private readonly FileQuestions _files = new(model);
    private HubRevision? _revision;

    /// <summary>True when a revision is a commit, which cannot move.</summary>
    public static bool IsCommit(string revision) => revision.Length == CommitDigits && revision.All(char.IsAsciiHexDigitLower);

    /// <summary>Resolves the model.</summary>
    /// <param name="revision">Branch, tag or commit.</param>
    /// <param name="cancellationToken">Ends the questions.</param>
    /// <exception cref="ModelSourceException">The hub does not have it, does not give it, or does not answer.</exception>
    public async Task<RemoteModel> ResolveAsync(string revision, CancellationToken cancellationToken)
    {
        string repository = $"{model.Owner}/{model.Repository}";
        if (_files.IsNew || _revision is null)
        {
            _revision = await GetAsync(
                At($"api/models/{repository}/revision/{Uri.EscapeDataString(revision)}"), HubJson.Default.HubRevision, model, revision, cancellationToken)
                .ConfigureAwait(false);
        }

        return _revision is { Sha: { } commit } info && IsCommit(commit)
            ? await _files.AskAsync(file => ResolveAsync((HubModelSource)file, revision, commit, info, cancellationToken)).ConfigureAwait(false)
            : throw Nonsense("names no commit for the revision");
    }

    private async Task<RemoteFile> ResolveAsync(HubModelSource source, string revision, string commit, HubRevision info, CancellationToken cancellationToken)
    {
        string repository = $"{source.Owner}/{source.Repository}";
        Uri location = At($"{repository}/resolve/{commit}/{EscapePath(source.File)}");
        var remote = new RemoteFile(new RemoteAddress(location, authorization), answer => Judge(answer, source, revision)) { Revision = commit, License = License(info, commit) };
        using HttpAnswer head = await exchange.SendAsync(
            new HttpQuestion(HttpMethod.Head, location) { Authorization = authorization, Follow = StaysWithHub }, cancellationToken).ConfigureAwait(false);
        if (head.Status >= 400)
        {
            throw Judge(head, source, revision);
        }

        string? digest = head.Header("X-Linked-Etag")?.Trim('"');
        return Sha256Text.IsDigest(digest)
            ? remote with { Sha256 = digest!.ToLowerInvariant(), SizeBytes = ParseSize(head.Header("X-Linked-Size")) }
            : await FromListingAsync(remote, source, commit, cancellationToken).ConfigureAwait(false);
    }

    private SourceLicense License(HubRevision info, string commit)
    {
        string page = $"{endpoint.GetLeftPart(UriPartial.Path).TrimEnd('/')}/{model.Owner}/{model.Repository}";
        string link = info.LicenseLink is not { } named ? page
            : Uri.TryCreate(named, UriKind.Absolute, out Uri? address) && address.Scheme is "https" or "http" ? address.AbsoluteUri
            : $"{page}/blob/{commit}/{EscapePath(named)}";
        return new SourceLicense(info.License, link, info.IsGated);
    }

    // The redirect to the storage carries the metadata, so it is read and not followed; a renamed repository redirects within the hub.
    private static bool StaysWithHub(HttpAnswer redirect, Uri target) =>
        redirect.Header("X-Linked-Etag") is null && redirect.Header("X-Repo-Commit") is null && HttpExchange.SameOrigin(redirect.Address, target);

    private async Task<RemoteFile> FromListingAsync(
        RemoteFile remote, HubModelSource source, string commit, CancellationToken cancellationToken)
    {
        string parent = source.File.Contains('/', StringComparison.Ordinal) ? "/" + EscapePath(source.File[..source.File.LastIndexOf('/')]) : "";
        Uri? page = At($"api/models/{source.Owner}/{source.Repository}/tree/{commit}{parent}");
        for (int pages = 0; page is not null && pages < MaxListingPages; pages++)
        {
            (List<HubEntry> entries, page) = await GetPageAsync(page, source, commit, cancellationToken).ConfigureAwait(false);
            if (entries.Find(entry => entry.Path == source.File) is { } entry)
            {
                return remote with
                {
                    Sha256 = Sha256Text.IsDigest(entry.Lfs?.Oid) ? entry.Lfs!.Oid!.ToLowerInvariant() : null,
                    SizeBytes = entry.Lfs?.Size ?? entry.Size,
                };
            }
        }

        return remote;
    }

    private async Task<(List<HubEntry> Entries, Uri? Next)> GetPageAsync(
        Uri page, HubModelSource source, string commit, CancellationToken cancellationToken)
    {
        using HttpAnswer answer = await exchange.SendAsync(new HttpQuestion(HttpMethod.Get, page) { Authorization = authorization }, cancellationToken).ConfigureAwait(false);
        List<HubEntry> entries = await ReadAsync(answer, HubJson.Default.ListHubEntry, source, commit, cancellationToken).ConfigureAwait(false);
        return (entries, HubPaging.Next(answer));
    }

    private async Task<T> GetAsync<T>(
        Uri address, JsonTypeInfo<T> type, HubModelSource source, string revision, CancellationToken cancellationToken)
        where T : class
    {
        using HttpAnswer answer = await exchange.SendAsync(new HttpQuestion(HttpMethod.Get, address) { Authorization = authorization }, cancellationToken).ConfigureAwait(false);
        return await ReadAsync(answer, type, source, revision, cancellationToken).ConfigureAwait(false);
    }

    private async Task<T> ReadAsync<T>(HttpAnswer answer, JsonTypeInfo<T> type, HubModelSource source, string revision, CancellationToken cancellationToken)
        where T : class
    {
        if (answer.Status != 200)
        {
            throw Judge(answer, source, revision);
        }

        using var timer = new CancellationTokenSource(options.ResponseTimeout, options.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        try
        {
            await answer.Response.Content.LoadIntoBufferAsync(MaxJsonBytes, either.Token).ConfigureAwait(false);
            using Stream body = await answer.Response.Content.ReadAsStreamAsync(either.Token).ConfigureAwait(false);
            return await JsonSerializer.DeserializeAsync(body, type, either.Token).ConfigureAwait(false) ?? throw Nonsense("answers null");
        }
        catch (JsonException)
        {
            throw Nonsense("answers something that is not the hub's JSON");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TransientSourceException(ModelSourceReason.SourceUnreachable, $"{answer.Address.Authority} did not finish its answer within {options.ResponseTimeout.TotalSeconds:0} s.");
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new TransientSourceException(ModelSourceReason.SourceUnreachable, $"{answer.Address.Authority} cut its answer short: {e.Message}", innerException: e);
        }
    }

    private ModelSourceException Judge(HttpAnswer answer, HubModelSource source, string revision) =>
        HubFaults.Judge(answer, source, revision, endpoint, options.TimeProvider.GetUtcNow());

    private ModelSourceException Nonsense(string problem) =>
        new(ModelSourceReason.SourceUnreachable, $"{endpoint.Authority} {problem}; check that HF_ENDPOINT names a hub.");

    private Uri At(string path) => new($"{endpoint.GetLeftPart(UriPartial.Path).TrimEnd('/')}/{path}");

    private static string EscapePath(string path) => string.Join('/', path.Split('/').Select(Uri.EscapeDataString));

    private static long? ParseSize(string? text) =>
        long.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out long size) ? size : null;
}
