using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using FleetOps.Cluster.Tests.Support;

namespace FleetOps.Cluster.Tests.Charts;

/// <summary>Helm takes names of releases that a Service may not have.</summary>
public sealed partial class ReleaseNameTests
{
    [Theory]
    [InlineData("fleetops")]
    [InlineData("2nd")]
    [InlineData("2nd.release")]
    [InlineData("team.models")]
    [InlineData("a-release-whose-name-is-as-long-as-helm-allows-it-to")]
    [InlineData("4-release-whose-name-is-as-long-as-helm-allows-it-to")]
    public async Task Every_object_gets_a_name_that_Kubernetes_takes(string release)
    {
        var (code, output, error) = await Helm.TryAsync(
            "template", release, Repository.Path("charts", "fleetops"), "--namespace", "fleetops-system", "--kube-version", "1.35.0",
            "--set", "crds.enabled=false,monitoring.operator.enabled=true,monitoring.operator.kind=ServiceMonitor,monitoring.workers.enabled=true,monitoring.rules.enabled=true,monitoring.dashboards.enabled=true");

        Assert.True(code == 0, error);
        var documents = Yaml.Read(output);
        Assert.Equal(2, documents.Count(document => Is(document, "Service")));
        Assert.All(documents, document => Assert.Matches(Is(document, "Service") ? ServiceName() : Name(), (string)document["metadata"]!["name"]!));
        Assert.All(documents, document => Assert.InRange(((string)document["metadata"]!["name"]!).Length, 1, 63));
        var service = (string)documents.Single(document => Is(document, "Service") && document["metadata"]!["annotations"] is not null)["metadata"]!["name"]!;
        Assert.Contains($"--address=$({service.ToUpperInvariant().Replace('-', '_')}_SERVICE_HOST):9090", output, StringComparison.Ordinal);
    }

    private static bool Is(JsonNode document, string kind) => (string?)document["kind"] == kind;

    [GeneratedRegex("^[a-z]([-a-z0-9]*[a-z0-9])?$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ServiceName();

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9.:]*[a-z0-9])?$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Name();
}
