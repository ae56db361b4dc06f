using FleetOps.Cluster.Tests.Support;

namespace FleetOps.Cluster.Tests.Charts;

/// <summary>All that the charts render, so that a change of it is seen by whoever reviews it. The CRD has tests of its own.</summary>
public sealed class GoldenTests
{
    [Theory]
    [InlineData("fleetops", "default", "1.35.0")]
    [InlineData("fleetops", "everything", "1.35.0")]
    [InlineData("fleetops", "confined", "1.20.2")]
    [InlineData("fleetops-models", "models", "1.35.0")]
    public async Task A_chart_renders_what_was_reviewed(string chart, string name, string cluster)
    {
        var (code, output, error) = await Helm.TryAsync(
            "template", "fleetops", Repository.Path("charts", chart), "--namespace", "fleetops-system", "--kube-version", cluster, "--values", Values(name));

        Assert.True(code == 0, error);
        GoldenFile.AssertMatches(output, $"{name}.yaml");
    }

    [Theory]
    [InlineData("fleetops", "default")]
    [InlineData("fleetops", "everything")]
    [InlineData("fleetops", "confined")]
    [InlineData("fleetops-models", "models")]
    public async Task Helm_finds_nothing_to_blame(string chart, string name)
    {
        var (code, output, error) = await Helm.TryAsync("lint", "--strict", Repository.Path("charts", chart), "--values", Values(name));

        Assert.True(code == 0, output + error);
    }

    private static string Values(string name) => Repository.Path("tests", "FleetOps.Cluster.Tests", "Charts", "Golden", $"{name}.values.yaml");
}
