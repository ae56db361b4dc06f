using System.Collections.Concurrent;
using System.Net;

namespace FleetOps.Cluster.Tests.Operator;

/// <summary>Every request that the operator sent, with its answer.</summary>
internal sealed class RequestLog : DelegatingHandler
{
    private readonly ConcurrentQueue<(string Request, HttpMethod Method, HttpStatusCode Answer, string Accept)> _requests = new();

    /// <summary>Every request as it was sent, such as <c>GET /api/v1/pods?watch=true</c>, with the media types that it accepted.</summary>
    public IReadOnlyList<(HttpMethod Method, Uri Path, string Accept)> All => [.. _requests.Select(r => (r.Method, new Uri("http://server" + r.Request[(r.Request.IndexOf(' ', StringComparison.Ordinal) + 1)..]), r.Accept))];

    /// <summary>Writes, without those of leader election, which go on for ever.</summary>
    public IReadOnlyList<string> Writes =>
        [.. _requests.Where(r => r.Method != HttpMethod.Get && !r.Request.Contains("/leases", StringComparison.Ordinal)).Select(r => r.Request)];

    /// <summary>Requests for which the operator lacks a right.</summary>
    public IReadOnlyList<string> Forbidden => [.. _requests.Where(r => r.Answer == HttpStatusCode.Forbidden).Select(r => r.Request)];

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var answer = await base.SendAsync(request, cancellationToken);
        _requests.Enqueue(($"{request.Method} {request.RequestUri!.PathAndQuery}", request.Method, answer.StatusCode, request.Headers.Accept.ToString()));
        return answer;
    }
}
