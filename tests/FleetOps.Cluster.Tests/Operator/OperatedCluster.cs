using FleetOps.Cluster.Tests.Crds;
using FleetOps.Cluster.Tests.Rights;
using FleetOps.Cluster.Tests.Support;
using FleetOps.ControllerRuntime.Hosting;
using FleetOps.TestCluster;

[assembly: AssemblyFixture(typeof(FleetOps.Cluster.Tests.Operator.OperatedCluster))]

namespace FleetOps.Cluster.Tests.Operator;

/// <summary>An API server with the CRD, the chart's roles and a running operator. The test plays everything else of Kubernetes.</summary>
public sealed class OperatedCluster : IAsyncLifetime
{
    private ApiServer? _server;
    private RunningOperator? _operator;
    private PlayedWorker? _worker;
    private Kubectl? _kubectl;
    private string? _unavailable;

    internal RunningOperator Operator => _operator!;

    internal PlayedWorker Worker => _worker!;

    public async ValueTask InitializeAsync()
    {
        try
        {
            _server = await ApiServer.StartAsync();
        }
        catch (ToolUnavailableException e)
        {
            _unavailable = e.Message;
            return;
        }

        _worker = await PlayedWorker.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_operator is not null)
        {
            await _operator.DisposeAsync();
        }

        _kubectl?.Dispose();
        if (_worker is not null)
        {
            await _worker.DisposeAsync();
        }

        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    /// <summary>A namespace of its own, with the operator running.</summary>
    internal async Task<PlayedNamespace> NewNamespaceAsync()
    {
        Assert.SkipWhen(_unavailable is not null, _unavailable ?? "");
        var rest = new RestClient(_server!.CreateConfiguration());
        if (_operator is null)
        {
            await InstallAsync(rest);
            await StartOperatorAsync();
        }

        var name = $"test-{Guid.NewGuid():N}"[..16];
        Assert.True((await rest.CreateAsync("api/v1/namespaces", $"{{apiVersion: v1, kind: Namespace, metadata: {{name: {name}}}}}")).IsSuccess);
        return new(rest, name);
    }

    /// <summary>What a person reads who asks kubectl about a model.</summary>
    internal Task<string> DescribeAsync(PlayedNamespace ns, string model) => (_kubectl ??= new(_server!.CreateConfiguration())).RunAsync("--namespace", ns.Name, "describe", "fmd", model);

    internal async Task StartOperatorAsync(CollectorOptions? collector = null) => _operator = await RunningOperator.StartAsync(_server!, _worker!.Port, collector);

    /// <param name="collector">Where its metrics and traces go from now on; null for nowhere.</param>
    internal async Task RestartOperatorAsync(CollectorOptions? collector = null)
    {
        await _operator!.DisposeAsync();
        await StartOperatorAsync(collector);
    }

    private static async Task InstallAsync(RestClient rest)
    {
        Assert.True((await rest.CreateAsync(RestClient.Definitions, CrdServers.Definition)).IsSuccess);
        Assert.True((await rest.CreateAsync(RestClient.Definitions, CrdServers.CacheDefinition)).IsSuccess);
        Assert.True((await rest.CreateAsync("api/v1/namespaces", $"{{apiVersion: v1, kind: Namespace, metadata: {{name: {RunningOperator.Namespace}}}}}")).IsSuccess);
        await (await ChartRights.RenderAsync(RunningOperator.Namespace)).InstallAsync(rest);
        await Eventually.FindAsync("the CRD of ModelCaches is served", async () => await rest.GetAsync(RestClient.ModelCaches) is { IsSuccess: true } list ? list : null);
        await Eventually.FindAsync("the CRD is served", async () => await rest.GetAsync(RestClient.ModelDeployments) is { IsSuccess: true } list ? list : null);
    }
}
