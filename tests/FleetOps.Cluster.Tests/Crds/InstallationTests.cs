using System.Text.Json.Nodes;
using FleetOps.Cluster.Tests.Support;

namespace FleetOps.Cluster.Tests.Crds;

public sealed class InstallationTests(CrdServers servers)
{
    private const string Name = "modeldeployments.fleetops.dev";
    private const string CacheName = "modelcaches.fleetops.dev";

    [Fact]
    public async Task The_CRD_is_established_on_the_server_of_the_local_cluster()
    {
        using var rest = new RestClient(servers.Server.CreateConfiguration());

        var conditions = await ConditionsAsync(rest);

        Assert.Contains("Established=True", conditions);
        Assert.DoesNotContain("NonStructuralSchema=True", conditions);
    }

    [Fact]
    public async Task The_CRD_installs_on_the_newest_server_without_a_warning()
    {
        using var rest = new RestClient(servers.Newest.CreateConfiguration());

        var conditions = await ConditionsAsync(rest);

        Assert.Empty(servers.InstalledOnNewest.Warnings);
        Assert.Contains("Established=True", conditions);
        Assert.DoesNotContain("NonStructuralSchema=True", conditions);
    }

    [Fact]
    public async Task What_the_chart_renders_for_a_new_cluster_is_the_CRD_with_its_rules()
    {
        using var rest = new RestClient(servers.Newest.CreateConfiguration());
        var rendered = await Helm.TemplateAsync("--kube-version", "1.35.0", "--show-only", "templates/crds/fleetops.dev_modeldeployments.yaml");

        var answer = await rest.ApplyAsync($"{RestClient.Definitions}/{Name}", rendered);

        Assert.True(answer.IsSuccess, answer.Message);
        Assert.Empty(answer.Warnings);
        Assert.Equal("keep", answer.Body["metadata"]!["annotations"]!["helm.sh/resource-policy"]!.GetValue<string>());
        Assert.True(JsonNode.DeepEquals(servers.InstalledOnNewest.Body["spec"], answer.Body["spec"]));
    }

    [Fact]
    public async Task The_CRD_of_ModelCaches_too_is_rendered_as_it_was_generated()
    {
        using var rest = new RestClient(servers.Newest.CreateConfiguration());
        var installed = await rest.GetAsync($"{RestClient.Definitions}/{CacheName}");
        var rendered = await Helm.TemplateAsync("--kube-version", "1.35.0", "--show-only", "templates/crds/fleetops.dev_modelcaches.yaml");

        var answer = await rest.ApplyAsync($"{RestClient.Definitions}/{CacheName}", rendered);

        Assert.True(answer.IsSuccess, answer.Message);
        Assert.Empty(answer.Warnings);
        Assert.Equal("keep", answer.Body["metadata"]!["annotations"]!["helm.sh/resource-policy"]!.GetValue<string>());
        Assert.True(JsonNode.DeepEquals(installed.Body["spec"], answer.Body["spec"]));
    }

    [Theory]
    [InlineData(Name)]
    [InlineData(CacheName)]
    public async Task What_the_chart_renders_for_an_old_cluster_has_no_field_that_it_does_not_know(string name)
    {
        using var rest = new RestClient(servers.Server.CreateConfiguration());
        var rendered = await Helm.TemplateAsync("--kube-version", "1.20.2", "--show-only", $"templates/crds/fleetops.dev_{name.Split('.')[0]}.yaml");

        // Server-side apply is strict where creation is not.
        var answer = await rest.ApplyAsync($"{RestClient.Definitions}/{name}", rendered);

        Assert.True(answer.IsSuccess, answer.Message);
        Assert.DoesNotContain("x-kubernetes-validations", rendered, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_installation_allows_is_told_to_the_operator()
    {
        const string deployment = "templates/deployment.yaml";
        var silent = await Helm.TemplateAsync("--kube-version", "1.35.0", "--show-only", deployment);
        var told = await Helm.TemplateAsync(
            "--kube-version", "1.35.0", "--show-only", deployment,
            "--set", "operator.policy.allowHostPaths={/srv/models,/var/lib/models}", "--set", "operator.policy.requireLicenseAcceptance=true", "--set", "operator.policy.requireDigest=true");

        Assert.DoesNotContain("--allow-host-path", silent, StringComparison.Ordinal);
        Assert.DoesNotContain("--require-license-acceptance", silent, StringComparison.Ordinal);
        Assert.DoesNotContain("--require-digest", silent, StringComparison.Ordinal);
        Assert.Contains("- --require-digest\n", told, StringComparison.Ordinal);
        Assert.Contains("- --allow-host-path=/srv/models\n", told, StringComparison.Ordinal);
        Assert.Contains("- --allow-host-path=/var/lib/models\n", told, StringComparison.Ordinal);
        Assert.Contains("- --require-license-acceptance\n", told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_left_out_is_filled_in_and_shown()
    {
        using var rest = new RestClient(servers.Server.CreateConfiguration());

        var answer = await rest.CreateAsync(RestClient.ModelDeployments + "?dryRun=All", Manifest.WithSpec("model: {source: hf://o/r/f.gguf}"));

        Assert.True(answer.IsSuccess, answer.Message);
        Assert.Equal(
            """{"engine":{"backend":"Auto","contextLength":4096,"flashAttention":"Auto","gpuLayers":-1,"kvCacheType":"F16","maxSequences":8},"model":{"source":"hf://o/r/f.gguf"},"replicas":1,"resources":{"cpu":"1","gpuResourceName":"nvidia.com/gpu","gpus":0,"memory":"2Gi"},"rollout":{"drainTimeoutSeconds":50,"maxSurge":1,"maxUnavailable":0,"progressDeadlineSeconds":1800},"service":{"port":9090,"type":"ClusterIP"}}""",
            answer.Body["spec"]!.ToJsonString());
    }

    private static async Task<List<string>> ConditionsAsync(RestClient rest)
    {
        var definition = await rest.GetAsync($"{RestClient.Definitions}/{Name}");
        return [.. definition.Body["status"]!["conditions"]!.AsArray().Select(c => $"{c!["type"]}={c["status"]}")];
    }
}
