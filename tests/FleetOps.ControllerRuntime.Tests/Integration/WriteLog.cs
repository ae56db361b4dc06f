using System.Collections.Concurrent;

namespace FleetOps.ControllerRuntime.Tests.Integration;

/// <summary>Remembers the requests that change something.</summary>
internal sealed class WriteLog : DelegatingHandler
{
    private readonly ConcurrentQueue<string> _writes = new();

    /// <summary>All but those to Leases, which an election renews for ever.</summary>
    public IReadOnlyList<string> Writes => [.. _writes.Where(write => !write.Contains("/leases", StringComparison.Ordinal))];

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Method != HttpMethod.Get)
        {
            _writes.Enqueue($"{request.Method} {request.RequestUri!.AbsolutePath}");
        }

        return base.SendAsync(request, cancellationToken);
    }
}
