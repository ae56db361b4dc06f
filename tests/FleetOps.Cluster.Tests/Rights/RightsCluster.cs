using FleetOps.Cluster.Tests.Crds;
using FleetOps.Cluster.Tests.Operator;
using FleetOps.Cluster.Tests.Support;
using FleetOps.TestCluster;

[assembly: AssemblyFixture(typeof(FleetOps.Cluster.Tests.Rights.RightsCluster))]

namespace FleetOps.Cluster.Tests.Rights;

/// <summary>An API server on which each test starts an operator with rights of its own. Who blocks an owner's deletion must have the right to.</summary>
public sealed class RightsCluster : IAsyncLifetime
{
    private ApiServer? _server;
    private RestClient? _rest;
    private string? _unavailable;

    internal RestClient Rest
    {
        get
        {
            Assert.SkipWhen(_unavailable is not null, _unavailable ?? "");
            return _rest!;
        }
    }

    public async ValueTask InitializeAsync()
    {
        try
        {
            _server = await ApiServer.StartAsync(new() { ExtraArguments = ["--enable-admission-plugins=OwnerReferencesPermissionEnforcement"] });
        }
        catch (ToolUnavailableException e)
        {
            _unavailable = e.Message;
            return;
        }

        _rest = new(_server.CreateConfiguration());
        Assert.True((await _rest.CreateAsync(RestClient.Definitions, CrdServers.Definition)).IsSuccess);
        Assert.True((await _rest.CreateAsync(RestClient.Definitions, CrdServers.CacheDefinition)).IsSuccess);
        await Eventually.FindAsync("the CRD of ModelCaches is served", async () => await _rest.GetAsync(RestClient.ModelCaches) is { IsSuccess: true } list ? list : null);
        await Eventually.FindAsync("the CRD is served", async () => await _rest.GetAsync(RestClient.ModelDeployments) is { IsSuccess: true } list ? list : null);
    }

    public async ValueTask DisposeAsync()
    {
        _rest?.Dispose();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    internal async Task<PlayedNamespace> NewNamespaceAsync(string prefix)
    {
        var name = $"{prefix}-{Guid.NewGuid():N}"[..(prefix.Length + 7)];
        Assert.True((await Rest.CreateAsync("api/v1/namespaces", $"{{apiVersion: v1, kind: Namespace, metadata: {{name: {name}}}}}")).IsSuccess);
        return new(Rest, name);
    }

    // Nobody asks these workers anything.
    internal Task<RunningOperator> StartOperatorAsync(string home, params string[] watched) => RunningOperator.StartAsync(_server!, 1, home, watched);
}
