using System.Net;

namespace FleetOps.Benchmarks.Planning;

/// <summary>Answers every write with what was sent, as an API server does that defaults nothing.</summary>
internal sealed class EchoServer : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var content = new ByteArrayContent(await request.Content!.ReadAsByteArrayAsync(cancellationToken));
        content.Headers.ContentType = new("application/json");
        return new(HttpStatusCode.OK) { Content = content, RequestMessage = request };
    }
}
