using FleetOps.Cluster.Tests.Crds;
using FleetOps.Cluster.Tests.Operator;
using FleetOps.Cluster.Tests.Support;
using FleetOps.TestCluster;

[assembly: AssemblyFixture(typeof(FleetOps.Cluster.Tests.Faults.FaultCluster))]

namespace FleetOps.Cluster.Tests.Faults;

/// <summary>An API server that the tests may harm, with the CRD and without an operator. Started by the first test that asks.</summary>
public sealed class FaultCluster : IAsyncDisposable
{
    private RestClient? _rest;

    internal ApiServer Server { get; private set; } = null!;

    internal RestClient Rest => _rest!;

    /// <summary>A namespace of its own on the running server.</summary>
    internal async Task<PlayedNamespace> NewNamespaceAsync()
    {
        if (_rest is null)
        {
            try
            {
                Server = await ApiServer.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
            }
            catch (ToolUnavailableException e)
            {
                Assert.Skip(e.Message);
            }

            _rest = new RestClient(Server.CreateConfiguration());
            await CreateNamespaceAsync(OperatorUnderFaults.LeaseNamespace);
            await InstallDefinitionAsync();
        }

        if (!Server.IsRunning)
        {
            // A test that failed has left it so.
            await Server.RestartServerAsync(TestContext.Current.CancellationToken);
        }

        var name = $"fault-{Guid.NewGuid():N}"[..16];
        await CreateNamespaceAsync(name);
        return new(Rest, name);
    }

    internal async Task InstallDefinitionAsync()
    {
        var answer = await Rest.CreateAsync(RestClient.Definitions, CrdServers.Definition);
        Assert.True(answer.IsSuccess, answer.Message);
        await Eventually.FindAsync("the CRD is served", async () => await Rest.GetAsync(RestClient.ModelDeployments) is { IsSuccess: true } list ? list : null);
    }

    public async ValueTask DisposeAsync()
    {
        _rest?.Dispose();
        if (Server is not null)
        {
            await Server.DisposeAsync();
        }
    }

    private async Task CreateNamespaceAsync(string name) =>
        Assert.True((await Rest.CreateAsync("api/v1/namespaces", $"{{apiVersion: v1, kind: Namespace, metadata: {{name: {name}}}}}")).IsSuccess);
}
