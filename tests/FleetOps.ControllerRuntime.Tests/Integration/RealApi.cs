using FleetOps.ControllerRuntime.Apply;
using FleetOps.TestCluster;
using k8s;
using k8s.Models;

[assembly: AssemblyFixture(typeof(FleetOps.ControllerRuntime.Tests.Integration.RealApi))]

namespace FleetOps.ControllerRuntime.Tests.Integration;

/// <summary>One real API server for all tests that do not stop it; each test takes a namespace of its own.</summary>
public sealed class RealApi : IAsyncLifetime
{
    private ApiServer? _server;
    private Kubernetes? _client;
    private string? _unavailable;

    public ApiServer Server
    {
        get
        {
            Assert.SkipWhen(_unavailable is not null, _unavailable ?? "");
            return _server!;
        }
    }

    public KubeApi Api
    {
        get
        {
            _ = Server;
            return field ??= new KubeApi(_client!);
        }
    }

    /// <summary>Opens a further connection of its own to the server.</summary>
    public KubeApi Open(ApiServer server) => new(FleetOps.ControllerRuntime.Hosting.KubeConnection.Open(server.CreateConfiguration()));

    public async ValueTask InitializeAsync()
    {
        try
        {
            _server = await ApiServer.StartAsync();
            _client = FleetOps.ControllerRuntime.Hosting.KubeConnection.Open(_server.CreateConfiguration());
        }
        catch (ToolUnavailableException e)
        {
            _unavailable = e.Message;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _client?.Dispose();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    /// <summary>Makes a namespace that no other test uses.</summary>
    public async Task<string> NewNamespaceAsync(KubeApi? api = null)
    {
        var name = $"test-{Guid.NewGuid():N}";
        await (api ?? Api).CreateAsync(
            BuiltInTypes.Namespaces,
            new V1Namespace { ApiVersion = "v1", Kind = "Namespace", Metadata = new V1ObjectMeta { Name = name } },
            TestContext.Current.CancellationToken);
        return name;
    }
}
