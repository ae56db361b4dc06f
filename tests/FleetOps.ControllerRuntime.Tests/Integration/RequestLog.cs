using System.Collections.Concurrent;
using FleetOps.ControllerRuntime.Apply;
using k8s;

namespace FleetOps.ControllerRuntime.Tests.Integration;

/// <summary>A connection that remembers what was asked through it.</summary>
internal sealed class RequestLog
{
    private readonly ConcurrentQueue<string> _paths = new();

    public RequestLog(KubernetesClientConfiguration configuration) =>
        Api = new KubeApi(new Kubernetes(configuration, new Recorder(_paths)));

    public KubeApi Api { get; }

    public IReadOnlyList<string> Paths => [.. _paths];

    private sealed class Recorder(ConcurrentQueue<string> paths) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            paths.Enqueue($"{request.Method} {request.RequestUri!.PathAndQuery}");
            return base.SendAsync(request, cancellationToken);
        }
    }
}
