using FleetOps.Cluster.Tests.Support;
using FleetOps.TestCluster;

[assembly: AssemblyFixture(typeof(FleetOps.Cluster.Tests.Crds.CrdServers))]

namespace FleetOps.Cluster.Tests.Crds;

/// <summary>The API server of the local cluster and the newest server of CRDs, both with our CRD. One pair for all tests.</summary>
public sealed class CrdServers : IAsyncLifetime
{
    private ApiServer? _server;
    private CrdServer? _newest;
    private string? _noServer;
    private string? _noNewest;

    public ApiServer Server
    {
        get
        {
            Assert.SkipWhen(_noServer is not null, _noServer ?? "");
            return _server!;
        }
    }

    public CrdServer Newest
    {
        get
        {
            Assert.SkipWhen(_noServer is not null || _noNewest is not null, _noServer ?? _noNewest ?? "");
            return _newest!;
        }
    }

    internal static string Definition => File.ReadAllText(Repository.Path("deploy", "crds", "fleetops.dev_modeldeployments.yaml"));

    internal static string CacheDefinition => File.ReadAllText(Repository.Path("deploy", "crds", "fleetops.dev_modelcaches.yaml"));

    internal RestAnswer InstalledOnServer { get; private set; } = null!;

    internal RestAnswer InstalledOnNewest { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        try
        {
            _server = await ApiServer.StartAsync();
        }
        catch (ToolUnavailableException e)
        {
            _noServer = e.Message;
            return;
        }

        using (var rest = new RestClient(_server.CreateConfiguration()))
        {
            InstalledOnServer = await InstallAsync(rest);
        }

        try
        {
            _newest = await CrdServer.StartAsync(_server);
        }
        catch (ToolUnavailableException e)
        {
            _noNewest = e.Message;
            return;
        }

        using (var rest = new RestClient(_newest.CreateConfiguration()))
        {
            InstalledOnNewest = await InstallAsync(rest);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_newest is not null)
        {
            await _newest.DisposeAsync();
        }

        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    private static async Task<RestAnswer> InstallAsync(RestClient rest)
    {
        var answer = await rest.CreateAsync(RestClient.Definitions, Definition);
        Assert.True(answer.IsSuccess, answer.Message);
        var caches = await rest.CreateAsync(RestClient.Definitions, CacheDefinition);
        Assert.True(caches.IsSuccess, caches.Message);
        Assert.Empty(caches.Warnings);
        await Eventually.FindAsync("the CRD of ModelCaches is served", async () => await rest.GetAsync(RestClient.ModelCaches) is { IsSuccess: true } list ? list : null);
        await Eventually.FindAsync("the CRD is served", async () => await rest.GetAsync(RestClient.ModelDeployments) is { IsSuccess: true } list ? list : null);
        return answer;
    }
}
