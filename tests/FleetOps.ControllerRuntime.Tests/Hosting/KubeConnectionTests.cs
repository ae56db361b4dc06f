using FleetOps.ControllerRuntime.Hosting;

namespace FleetOps.ControllerRuntime.Tests.Hosting;

public sealed class KubeConnectionTests
{
    [Fact]
    public void A_kubeconfig_that_is_not_there_is_named_together_with_the_cure()
    {
        var error = Assert.Throws<InvalidOperationException>(() => KubeConnection.FindConfiguration("/nowhere/kubeconfig"));

        Assert.Contains("/nowhere/kubeconfig", error.Message, StringComparison.Ordinal);
        Assert.Contains("KUBECONFIG", error.Message, StringComparison.Ordinal);
    }
}
