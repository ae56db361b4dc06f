using System.Text.Json.Nodes;
using FleetOps.Cluster.Tests.Support;
using FleetOps.TestCluster;

namespace FleetOps.Cluster.Tests.Charts;

/// <summary>
/// The life of a release by the real Helm on a real API server: install, upgrade from the version before, rollback, uninstall. The version before is
/// the chart with a lower version number and a CRD that lacks a column. Pods are the end-to-end tests' part: here nothing runs.
/// </summary>
public sealed class ReleaseTests
{
    private const string Crd = "modeldeployments.fleetops.dev";
    private const string Model = "apis/fleetops.dev/v1alpha1/namespaces/default/modeldeployments/kept";
    private const string Operator = "apis/apps/v1/namespaces/fleetops-system/deployments/fleetops-operator";

    [Fact]
    public async Task A_release_is_upgraded_rolled_back_and_removed_and_no_model_is_touched()
    {
        await using var server = await StartAsync();
        using var rest = new RestClient(server.CreateConfiguration());
        using var before = VersionBefore();
        await HelmAsync(server, "install", "fleetops", before.Location, "--create-namespace");
        Assert.False(await ShowsEndpointAsync(rest));
        var created = await CreateModelAsync(rest);

        await HelmAsync(server, "upgrade", "fleetops", Repository.Path("charts", "fleetops"), "--set", "operator.resources.limits.memory=1Gi,operator.replicas=1,monitoring.dashboards.enabled=true");
        Assert.Equal(("1Gi", "0.1.0", "1"), await OperatorAsync(rest));
        Assert.True(await ShowsEndpointAsync(rest));
        Assert.False((await rest.GetAsync("apis/policy/v1beta1/namespaces/fleetops-system/poddisruptionbudgets/fleetops-operator")).IsSuccess);
        await IsUntouchedAsync(rest, created);

        Assert.NotEmpty(await LeftAsync(rest, "configmaps"));

        await HelmAsync(server, "rollback", "fleetops", "1");
        Assert.Empty(await LeftAsync(rest, "configmaps"));
        Assert.Equal(("512Mi", "0.0.9", "2"), await OperatorAsync(rest));
        Assert.True((await rest.GetAsync("apis/policy/v1beta1/namespaces/fleetops-system/poddisruptionbudgets/fleetops-operator")).IsSuccess);
        await IsUntouchedAsync(rest, created);

        await HelmAsync(server, "uninstall", "fleetops");
        Assert.Empty(await LeftAsync(rest));
        await IsUntouchedAsync(rest, created);

        // What was kept is taken over again.
        await HelmAsync(server, "install", "fleetops", Repository.Path("charts", "fleetops"), "--set", "crds.keep=false");
        await IsUntouchedAsync(rest, created);
        await HelmAsync(server, "uninstall", "fleetops");
        await Eventually.FindAsync("the CRD is gone", async () => await rest.GetAsync($"{RestClient.Definitions}/{Crd}") is { IsSuccess: false } gone ? gone : null);
    }

    [Fact]
    public async Task A_release_without_CRDs_leaves_those_of_others_alone()
    {
        await using var server = await StartAsync();
        using var rest = new RestClient(server.CreateConfiguration());
        var own = await rest.CreateAsync(RestClient.Definitions, await File.ReadAllTextAsync(Repository.Path("deploy", "crds", "fleetops.dev_modeldeployments.yaml"), TestContext.Current.CancellationToken));
        Assert.True(own.IsSuccess, own.Message);

        await HelmAsync(server, "install", "fleetops", Repository.Path("charts", "fleetops"), "--create-namespace", "--set", "crds.enabled=false");
        await HelmAsync(server, "uninstall", "fleetops");

        var left = await rest.GetAsync($"{RestClient.Definitions}/{Crd}");
        Assert.Equal(((string?)own.Body["metadata"]!["uid"], 1), ((string?)left.Body["metadata"]!["uid"], (int)left.Body["metadata"]!["generation"]!));
    }

    private static async Task<ApiServer> StartAsync()
    {
        try
        {
            return await ApiServer.StartAsync();
        }
        catch (ToolUnavailableException e)
        {
            Assert.Skip(e.Message);
            throw;
        }
    }

    private static CopiedChart VersionBefore()
    {
        const string crd = "templates/crds/fleetops.dev_modeldeployments.yaml";
        const string column = "    - name: Endpoint\n";
        var chart = new CopiedChart();
        chart.Write("Chart.yaml", chart.Read("Chart.yaml").Replace("ersion: 0.1.0", "ersion: 0.0.9", StringComparison.Ordinal));
        var lines = chart.Read(crd);
        Assert.Contains(column, lines, StringComparison.Ordinal);
        var start = lines.IndexOf(column, StringComparison.Ordinal);
        var end = lines.IndexOf("    - name: Reason\n", StringComparison.Ordinal);
        chart.Write(crd, lines.Remove(start, end - start));
        return chart;
    }

    private static async Task HelmAsync(ApiServer server, params string[] arguments)
    {
        var (code, output, error) = await Helm.TryAsync([.. arguments, "--namespace", "fleetops-system", "--kubeconfig", server.KubeConfigPath]);
        Assert.True(code == 0, output + error);
    }

    private static async Task<JsonNode> CreateModelAsync(RestClient rest)
    {
        await Eventually.FindAsync("the CRD is served", async () => await rest.GetAsync(RestClient.ModelDeployments) is { IsSuccess: true } list ? list : null);
        var created = await rest.CreateAsync(RestClient.ModelDeployments, Crds.Manifest.WithSpec("model: {source: hf://o/r/f.gguf}", "kept"));
        Assert.True(created.IsSuccess, created.Message);
        return created.Body;
    }

    private static async Task IsUntouchedAsync(RestClient rest, JsonNode created)
    {
        var (model, _) = await Eventually.FindAsync("the model is served", async () => await rest.GetAsync(Model) is { IsSuccess: true } found ? found : null);
        Assert.Equal((string?)created["metadata"]!["uid"], (string?)model.Body["metadata"]!["uid"]);
        Assert.Equal((string?)created["metadata"]!["resourceVersion"], (string?)model.Body["metadata"]!["resourceVersion"]);
    }

    private static async Task<(string? Memory, string? Version, string Replicas)> OperatorAsync(RestClient rest)
    {
        var deployment = (await rest.GetAsync(Operator)).Body;
        return (
            (string?)deployment["spec"]!["template"]!["spec"]!["containers"]![0]!["resources"]!["limits"]!["memory"],
            (string?)deployment["metadata"]!["labels"]!["app.kubernetes.io/version"],
            deployment["spec"]!["replicas"]!.ToJsonString());
    }

    private static async Task<bool> ShowsEndpointAsync(RestClient rest) =>
        (await rest.GetAsync($"{RestClient.Definitions}/{Crd}")).Body["spec"]!["versions"]![0]!["additionalPrinterColumns"]!.AsArray().Any(column => (string?)column!["name"] == "Endpoint");

    /// <summary>What carries the labels of the release, of all kinds that the chart renders to.</summary>
    private static async Task<List<string>> LeftAsync(RestClient rest, string kinds = "")
    {
        const string space = "namespaces/fleetops-system";
        string[] lists =
        [
            $"apis/apps/v1/{space}/deployments", $"api/v1/{space}/configmaps", $"api/v1/{space}/serviceaccounts", $"apis/policy/v1beta1/{space}/poddisruptionbudgets", $"apis/networking.k8s.io/v1/{space}/networkpolicies",
            $"apis/rbac.authorization.k8s.io/v1/{space}/roles", $"apis/rbac.authorization.k8s.io/v1/{space}/rolebindings",
            "apis/rbac.authorization.k8s.io/v1/clusterroles", "apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
        ];
        var left = new List<string>();
        foreach (var list in lists.Where(list => list.EndsWith(kinds, StringComparison.Ordinal)))
        {
            var answer = await rest.GetAsync($"{list}?labelSelector=app.kubernetes.io/instance=fleetops");
            Assert.True(answer.IsSuccess, answer.Message);
            left.AddRange(answer.Body["items"]!.AsArray().Select(item => $"{list}/{item!["metadata"]!["name"]}"));
        }

        return left;
    }
}
