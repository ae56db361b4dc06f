using FleetOps.ControllerRuntime.Apply;
using FleetOps.ControllerRuntime.Hosting;

namespace FleetOps.ControllerRuntime.Tests.Integration;

public sealed class DiscoveryTests(RealApi real)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("apps/v1", "Deployment", true)]
    [InlineData("v1", "Service", true)]
    [InlineData("events.k8s.io/v1", "Event", true)]
    [InlineData("apps/v1", "Nonsense", false)]
    [InlineData("nobody.example.org/v1", "Nonsense", false)]
    public async Task The_server_says_which_kinds_it_serves(string groupVersion, string kind, bool served)
    {
        Assert.Equal(served, await real.Api.ServesAsync(groupVersion, kind, Token));
    }

    [Fact]
    public async Task The_server_says_its_version()
    {
        var (major, minor) = await real.Api.GetServerVersionAsync(Token);

        Assert.Equal(1, major);
        Assert.True(minor >= 20);
    }

    [Fact]
    public async Task A_kubeconfig_leads_to_the_server()
    {
        using var client = KubeConnection.Open(KubeConnection.FindConfiguration(real.Server.KubeConfigPath, "fleetops-test"), "a-test");

        Assert.True(await new KubeApi(client).ServesAsync("apps/v1", "Deployment", Token));
    }
}
