using FleetOps.ControllerRuntime.Hosting;
using FleetOps.Operator;
using FleetOps.Operator.ModelDeployments.Observe;
using FleetOps.TestCluster;
using k8s;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace FleetOps.Cluster.Tests.Operator;

/// <summary>The operator as it is shipped, but in this process, with the rights that the chart gives it and no others.</summary>
internal sealed class RunningOperator : IAsyncDisposable
{
    public const string Namespace = "fleetops-system";

    private readonly WebApplication _app;
    private readonly Kubernetes _client;

    private RunningOperator(WebApplication app, Kubernetes client, RequestLog requests)
    {
        _app = app;
        _client = client;
        Requests = requests;
    }

    public RequestLog Requests { get; }

    public IServiceProvider Services => _app.Services;

    /// <summary>Where Prometheus would look.</summary>
    public Uri Metrics => new UriBuilder(_app.Urls.First()) { Host = "127.0.0.1", Path = "/metrics" }.Uri;

    /// <param name="server">Where.</param>
    /// <param name="workerPort">Port of the played workers.</param>
    /// <param name="home">The namespace of its ServiceAccount and Lease.</param>
    /// <param name="watched">The namespaces that it serves; none for all.</param>
    public static async Task<RunningOperator> StartAsync(ApiServer server, int workerPort, string home = Namespace, params string[] watched) =>
        await StartAsync(server, workerPort, null, home, watched);

    /// <param name="server">Where.</param>
    /// <param name="workerPort">Port of the played workers.</param>
    /// <param name="collector">Where its metrics and traces go; null for nowhere.</param>
    /// <param name="home">The namespace of its ServiceAccount and Lease.</param>
    /// <param name="watched">The namespaces that it serves; none for all.</param>
    public static async Task<RunningOperator> StartAsync(ApiServer server, int workerPort, CollectorOptions? collector, string home = Namespace, params string[] watched)
    {
        var requests = new RequestLog();
        var configuration = server.CreateConfiguration($"system:serviceaccount:{home}:fleetops-operator", "system:serviceaccounts", "system:authenticated");
        var client = KubeConnection.Open(configuration, "fleetops-operator", new SecretMetadataOnly(), requests);
        var app = OperatorHost.Build(
            new() { WorkerImage = "worker:test", WorkerCudaImage = "worker-cuda:test", Namespace = home, WatchNamespaces = watched, HttpPort = 0, Collector = collector },
            services =>
            {
                services.AddSingleton(client);
                services.AddSingleton(new WorkerStatePollerOptions { Port = workerPort, Interval = TimeSpan.FromMilliseconds(100), Patience = 3 });
                services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Warning));
            });
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new(app, client, requests);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        _client.Dispose();
    }
}
