using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace FleetOps.ControllerRuntime.Metrics;

/// <summary><c>/metrics</c>: what meters tell, after the text of the <see cref="IScrapeText"/> if there is one; compressed for those who take it.</summary>
internal static class ScrapeEndpoint
{
    public static void Map(IEndpointRouteBuilder endpoints, string path)
    {
        var more = endpoints.ServiceProvider.GetService<IScrapeText>();
        endpoints.MapPrometheusScrapingEndpoint(path, null, branch => branch.Use(next => context => AnswerAsync(context, next, more)), null);
    }

    private static async Task AnswerAsync(HttpContext context, RequestDelegate exporter, IScrapeText? more)
    {
        using var meters = new MemoryStream();
        var response = context.Response;
        var body = response.Body;
        var takesGzip = TakesGzip(context.Request);
        // It would compress, too.
        context.Request.Headers.AcceptEncoding = "identity";
        response.Body = meters;
        try
        {
            await exporter(context).ConfigureAwait(false);
        }
        finally
        {
            response.Body = body;
        }

        var lines = meters.GetBuffer().AsMemory(0, (int)meters.Length);
        response.ContentLength = null;
        if (response.StatusCode != StatusCodes.Status200OK)
        {
            await body.WriteAsync(lines, context.RequestAborted).ConfigureAwait(false);
            return;
        }

        // The exporter's come last: it may end them with the mark of the end.
        var text = more?.Current();
        response.Headers.Vary = "Accept-Encoding";
        if (takesGzip)
        {
            response.Headers.ContentEncoding = "gzip";
            await ScrapeText.WriteGzipAsync(text, lines, body, context.RequestAborted).ConfigureAwait(false);
            return;
        }

        if (text is not null)
        {
            await text.WritePlainAsync(body, context.RequestAborted).ConfigureAwait(false);
        }

        await body.WriteAsync(lines, context.RequestAborted).ConfigureAwait(false);
    }

    private static bool TakesGzip(HttpRequest request) =>
        request.GetTypedHeaders().AcceptEncoding.Any(static coding => coding.Value.Equals("gzip", StringComparison.OrdinalIgnoreCase) && coding.Quality is not 0);
}
