using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace FleetOps.ModelStore.Tests.Support;

/// <summary>
/// A proxy in front of a server, which passes on requests and answers as they are and does to some answers what networks, caches and servers do: refuses,
/// redirects, delays, cuts, truncates and corrupts.
/// </summary>
public sealed class FaultProxy : IAsyncDisposable
{
    private static readonly HashSet<string> OfTheConnection = new(StringComparer.OrdinalIgnoreCase) { "Connection", "Transfer-Encoding", "Keep-Alive", "Host", "Content-Length", "Date", "Server" };

    private readonly StandInServer _server;
    private readonly Uri _upstream;
    private readonly HttpMessageInvoker _client = new(StandInServer.TrustingHandler());

    private FaultProxy(StandInServer server, Uri upstream)
    {
        (_server, _upstream) = (server, upstream);
        server.Otherwise = PassAsync;
    }

    public Uri Address => _server.Address;

    /// <summary>Gives the fault of a request; null passes it on well. <see cref="ServedFault.RedirectTo"/> leads past the proxy, whatever its address.</summary>
    public Func<ServedFault?> Fault { get; set; } = () => null;

    /// <summary>Another proxy, through which the redirects of this one's server lead.</summary>
    public FaultProxy? Beyond { get; init; }

    public static async Task<FaultProxy> StartAsync(Uri upstream, FaultProxy? beyond = null) => new(await StandInServer.StartAsync(tls: false), upstream) { Beyond = beyond };

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _client.Dispose();
    }

    private async Task PassAsync(HttpContext context)
    {
        var target = new Uri(_upstream, context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget);
        ServedFault fault = Fault() ?? ServedFault.None;
        if (fault.Status is { } status)
        {
            context.Response.StatusCode = status;
            if (fault.RetryAfter is { } after)
            {
                context.Response.Headers.RetryAfter = after;
            }

            return;
        }

        if (fault.RedirectTo is not null)
        {
            context.Response.StatusCode = 307;
            context.Response.Headers.Location = target.AbsoluteUri;
            return;
        }

        using var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), target);
        foreach ((string name, Microsoft.Extensions.Primitives.StringValues values) in context.Request.Headers)
        {
            request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
        }

        using HttpResponseMessage answer = await _client.SendAsync(request, context.RequestAborted);
        byte[] body = await answer.Content.ReadAsByteArrayAsync(context.RequestAborted);
        Describe(context, answer);
        await SendAsync(context, body, fault);
    }

    private void Describe(HttpContext context, HttpResponseMessage answer)
    {
        context.Response.StatusCode = (int)answer.StatusCode;
        foreach ((string name, IEnumerable<string> values) in answer.Headers.Concat(answer.Content.Headers))
        {
            if (!OfTheConnection.Contains(name))
            {
                context.Response.Headers[name] = values.ToArray();
            }
        }

        if (Beyond is not null && answer.Headers.Location is { IsAbsoluteUri: true } location && location.Authority == Beyond._upstream.Authority)
        {
            context.Response.Headers.Location = new Uri(Beyond.Address, location.PathAndQuery).AbsoluteUri;
        }

        if (HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.ContentLength = answer.Content.Headers.ContentLength;
        }
    }

    private static async Task SendAsync(HttpContext context, byte[] body, ServedFault fault)
    {
        if (body.Length == 0)
        {
            return;
        }

        if (fault.CorruptAt is { } at)
        {
            body[at % body.Length] ^= 0x20;
        }

        // Truncated is what claims to be whole; cut is what claims to be longer than it is.
        int length = fault.DeclareLength is { } share ? (int)(share % body.Length) : body.Length;
        int sent = Math.Min(length, fault.CutAfter is { } cut ? cut % body.Length : length);
        context.Response.ContentLength = length;
        if (fault.DelayMilliseconds > 0)
        {
            await context.Response.Body.WriteAsync(body.AsMemory(0, sent / 2));
            await context.Response.Body.FlushAsync();
            await Task.Delay(fault.DelayMilliseconds);
            await context.Response.Body.WriteAsync(body.AsMemory(sent / 2, sent - sent / 2));
        }
        else
        {
            await context.Response.Body.WriteAsync(body.AsMemory(0, sent));
        }

        await context.Response.Body.FlushAsync();
        if (sent < length)
        {
            context.Abort();
        }
    }
}
