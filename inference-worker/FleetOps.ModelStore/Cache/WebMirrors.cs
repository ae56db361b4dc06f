using FleetOps.ModelStore.Downloads;
using FleetOps.ModelStore.Http;
using FleetOps.ModelStore.Sources;

namespace FleetOps.ModelStore.Cache;

/// <summary>The web servers that have what a source has, asked in its stead while it does not answer. They see no credentials and are believed nothing.</summary>
internal sealed class WebMirrors(HttpExchange exchange, ModelFetcherOptions options, FetchPlan plan)
{
    private RemoteModel? _origin;

    /// <summary>The source and its mirrors.</summary>
    /// <param name="origin">Asks the source.</param>
    public ResolveRing With(Func<CancellationToken, Task<RemoteModel>> origin)
    {
        return new ResolveRing([AskAsync, .. options.Mirrors.Select(mirror => mirror.Of(plan.Source)).OfType<HttpModelSource>().Select(Mirror)]);

        async Task<RemoteModel> AskAsync(CancellationToken token) => _origin = await origin(token).ConfigureAwait(false);
    }

    private Func<CancellationToken, Task<RemoteModel>> Mirror(HttpModelSource source)
    {
        var client = new WebClient(exchange, options, source, null) { IsMirror = true };
        return async token =>
        {
            if (plan.Sha256 is null && _origin?.Sha256 is null)
            {
                throw new ModelSourceException(
                    ModelSourceReason.SourceUnreachable, $"The mirror {source} is not asked for {plan.Source}, because nobody names a digest by which to tell that it has the same file; give the sha256.");
            }

            RemoteModel mirrored = await client.ResolveAsync(token).ConfigureAwait(false);
            return _origin is { } known && known.Files.Count == mirrored.Files.Count
                ? new RemoteModel([.. mirrored.Files.Zip(known.Files, static (file, original) => file with
                {
                    Sha256 = original.Sha256,
                    SizeBytes = original.SizeBytes ?? file.SizeBytes,
                    Revision = original.Revision,
                    ETag = original.ETag,
                    License = original.License,
                })])
                : mirrored;
        };
    }
}
