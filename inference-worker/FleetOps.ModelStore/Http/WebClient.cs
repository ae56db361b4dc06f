using FleetOps.ModelStore.Downloads;
using FleetOps.ModelStore.Sources;

namespace FleetOps.ModelStore.Http;

/// <summary>Says what a web server has. A whole model is not asked for before it is downloaded; the files of a split one are, so that a missing one is known first.</summary>
internal sealed class WebClient(HttpExchange exchange, ModelFetcherOptions options, HttpModelSource source, System.Net.Http.Headers.AuthenticationHeaderValue? authorization)
{
    private readonly FileQuestions _files = new(source);

    /// <summary>Whether the server is a mirror. Then it is asked for whole models too, and what it lacks or refuses is no fault of the source.</summary>
    public bool IsMirror { get; init; }

    /// <summary>Resolves the model.</summary>
    /// <exception cref="ModelSourceException">The server does not have all files, does not give them, or does not answer.</exception>
    public Task<RemoteModel> ResolveAsync(CancellationToken cancellationToken) => _files.AskAsync(async file =>
    {
        Uri location = ((HttpModelSource)file).Location;
        var remote = new RemoteFile(new RemoteAddress(location, authorization), Judge);
        return source.Split is null && !IsMirror ? remote : await DescribeAsync(remote, location, cancellationToken).ConfigureAwait(false);
    });

    private async Task<RemoteFile> DescribeAsync(RemoteFile remote, Uri location, CancellationToken cancellationToken)
    {
        using HttpAnswer head = await exchange.SendAsync(new HttpQuestion(HttpMethod.Head, location) { Authorization = authorization }, cancellationToken).ConfigureAwait(false);
        return head.Status switch
        {
            200 => remote with { SizeBytes = head.Response.Content.Headers.ContentLength is { } size and > 0 ? size : null, ETag = head.Response.Headers.ETag?.ToString() },

            // What is signed for GET, or knows nothing but GET, refuses the question and may give the file.
            400 or 403 or 405 or 501 => remote,
            _ => throw Judge(head),
        };
    }

    private ModelSourceException Judge(HttpAnswer answer)
    {
        ModelSourceException fault = WebFaults.Judge(answer, options.TimeProvider.GetUtcNow());
        return IsMirror ? WebFaults.OfMirror(fault) : fault;
    }
}
