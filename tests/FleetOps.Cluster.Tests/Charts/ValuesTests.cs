using System.Text.Json.Nodes;
using FleetOps.Cluster.Tests.Support;

namespace FleetOps.Cluster.Tests.Charts;

/// <summary>What the values of the chart do, rendered by the real Helm.</summary>
public sealed class ValuesTests
{
    [Theory]
    [InlineData("operatr.replicas=1", "operatr")]
    [InlineData("operator.replcas=1", "replcas")]
    [InlineData("operator.replicas=two", "replicas")]
    [InlineData("images.worker.digest=sha256:short", "digest")]
    [InlineData("operator.policy.allowHostPaths={srv}", "allowHostPaths")]
    [InlineData("monitoring.workers.interval=often", "interval")]
    [InlineData("monitoring.dashboards.lables.a=b", "lables")]
    [InlineData("test.model.source=tiny.gguf", "source")]
    [InlineData("test.timeoutSeconds=0", "timeoutSeconds")]
    [InlineData("global.imageRegsitry=mirror.example.com", "imageRegsitry")]
    [InlineData("test.model.sorce=hf://o/r/f.gguf", "sorce")]
    [InlineData("test.model.license.acepted=true", "acepted")]
    [InlineData("test.engine.contextlength=512", "contextlength")]
    [InlineData("test.resources.gpu=1", "gpu")]
    [InlineData("operator.resources.limit.memory=1Gi", "limit")]
    [InlineData("operator.otlp.podPorts={grpc}", "podPorts")]
    [InlineData("monitoring.operator.kind=Both", "kind")]
    [InlineData("monitoring.workers.kind=ServiceMonitor", "kind")]
    [InlineData("monitoring.rules.runbookBaseUrl=wiki", "runbookBaseUrl")]
    public async Task A_value_that_means_nothing_is_refused_by_its_name(string value, string named)
    {
        var (code, _, error) = await Helm.TryTemplateAsync("--set", value);

        Assert.NotEqual(0, code);
        Assert.Contains(named, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1.20.2", "policy/v1beta1")]
    [InlineData("1.35.0", "policy/v1")]
    public async Task Several_operators_keep_one_while_nodes_are_drained(string cluster, string version)
    {
        const string budget = "kind: PodDisruptionBudget";
        var two = await Helm.TemplateAsync("--kube-version", cluster);
        var one = await Helm.TemplateAsync("--kube-version", cluster, "--set", "operator.replicas=1");

        Assert.Contains($"apiVersion: {version}\n{budget}", two, StringComparison.Ordinal);
        Assert.Contains("topologyKey: kubernetes.io/hostname", two, StringComparison.Ordinal);
        Assert.DoesNotContain(budget, one, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mirror_goes_before_every_image()
    {
        var rendered = await Helm.TemplateAsync(
            "--kube-version", "1.35.0", "--show-only", "templates/deployment.yaml",
            "--set", "global.imageRegistry=mirror.example.com/team", "--set", $"images.worker.digest=sha256:{new string('a', 64)}",
            "--set-json", """global.imagePullSecrets=[{"name":"mirror"}]""", "--set-json", """imagePullSecrets=[{"name":"own"}]""");

        Assert.Contains("image: \"mirror.example.com/team/fleetops.dev/operator:", rendered, StringComparison.Ordinal);
        Assert.Contains($"--worker-image=mirror.example.com/team/fleetops.dev/worker@sha256:{new string('a', 64)}\n", rendered, StringComparison.Ordinal);
        Assert.Contains("--worker-cuda-image=mirror.example.com/team/fleetops.dev/worker-cuda:", rendered, StringComparison.Ordinal);
        Assert.Contains("- name: mirror\n      - name: own\n", rendered, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_that_a_bare_cluster_does_not_know_is_rendered_unasked()
    {
        var bare = await Helm.TemplateAsync("--kube-version", "1.35.0");
        var asked = await Helm.TemplateAsync(
            "--kube-version", "1.35.0", "--set", "monitoring.operator.enabled=true,monitoring.workers.enabled=true,monitoring.labels.release=prometheus",
            "--set", "operator.watchNamespaces={chat}");

        Assert.DoesNotContain("monitoring.coreos.com", bare, StringComparison.Ordinal);
        Assert.Equal(2, asked.Split("kind: PodMonitor\n").Length - 1);
        Assert.Equal(2, asked.Split("release: prometheus\n").Length - 1);
        Assert.Contains("matchNames:\n    - chat\n", asked, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_operator_is_scraped_through_pods_or_through_a_Service_never_both()
    {
        string[] enabled = ["--kube-version", "1.35.0", "--set", "crds.enabled=false,monitoring.operator.enabled=true,monitoring.operator.interval=7s,monitoring.labels.release=prometheus"];
        var pods = Yaml.Read(await Helm.TemplateAsync(enabled));
        var service = Yaml.Read(await Helm.TemplateAsync([.. enabled, "--set", "monitoring.operator.kind=ServiceMonitor"]));

        Assert.Equal(["PodMonitor"], Monitors(pods).Select(monitor => (string?)monitor["kind"]));
        Assert.DoesNotContain(pods, document => (string?)document["metadata"]!["name"] == "fleetops-metrics");
        var monitor = Assert.Single(Monitors(service));
        Assert.Equal(("ServiceMonitor", "prometheus", "7s"), ((string?)monitor["kind"], (string?)monitor["metadata"]!["labels"]!["release"], (string?)monitor["spec"]!["endpoints"]![0]!["interval"]));

        // The monitor finds the Service, that finds the pods, and the port has the same name everywhere.
        var found = Assert.Single(service, document => (string?)document["metadata"]!["name"] == "fleetops-metrics");
        var pod = Assert.Single(service, document => (string?)document["kind"] == "Deployment")["spec"]!["template"]!;
        Assert.All(monitor["spec"]!["selector"]!["matchLabels"]!.AsObject(), label => Assert.Equal((string?)label.Value, (string?)found["metadata"]!["labels"]![label.Key]));
        Assert.All(found["spec"]!["selector"]!.AsObject(), label => Assert.Equal((string?)label.Value, (string?)pod["metadata"]!["labels"]![label.Key]));
        Assert.Equal((string?)found["spec"]!["ports"]![0]!["name"], (string?)monitor["spec"]!["endpoints"]![0]!["port"]);
        Assert.Equal((string?)pod["spec"]!["containers"]![0]!["ports"]![0]!["name"], (string?)found["spec"]!["ports"]![0]!["targetPort"]);
    }

    [Fact]
    public async Task The_operator_s_pods_can_be_shut_off_from_all_but_the_API_server()
    {
        const string policy = "templates/networkpolicy.yaml";
        var usual = await Helm.TemplateAsync("--kube-version", "1.35.0", "--show-only", policy);
        var strict = await Helm.TemplateAsync("--kube-version", "1.35.0", "--show-only", policy, "--set", "networkPolicy.apiServerPorts={6443}");

        Assert.DoesNotContain("Egress", usual, StringComparison.Ordinal);
        Assert.Contains("- port: http\n", usual, StringComparison.Ordinal);
        Assert.Contains("- Egress\n", strict, StringComparison.Ordinal);
        Assert.Contains("- port: 6443\n", strict, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://collector.monitoring.svc:4317", "4317")]
    [InlineData("http://collector", "80")]
    [InlineData("https://collector/v1", "443")]
    public async Task A_collector_stays_in_reach_by_the_ports_of_its_address_and_of_its_pods(string endpoint, string port)
    {
        var rendered = await Helm.TemplateAsync(
            "--kube-version", "1.35.0", "--show-only", "templates/networkpolicy.yaml", "--set", $"networkPolicy.apiServerPorts={{6443}},operator.otlp.endpoint={endpoint},operator.otlp.podPorts={{14317}}");

        var ports = Yaml.Read(rendered).Single()["spec"]!["egress"]![0]!["ports"]!.AsArray().Select(rule => rule!["port"]!.ToString());
        Assert.Equal(["6443", port, "14317", "53", "53"], ports);
    }

    [Fact]
    public async Task Extra_objects_are_rendered_as_templates()
    {
        var rendered = await Helm.TemplateAsync(
            "--kube-version", "1.35.0", "--show-only", "templates/extraobjects.yaml", "--set-json",
            """extraObjects=[{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{ .Release.Name }}-object"}},"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{ .Release.Name }}-text'}"]""");

        Assert.Contains("fleetops-object", rendered, StringComparison.Ordinal);
        Assert.Contains("fleetops-text", rendered, StringComparison.Ordinal);
    }

    private static IEnumerable<JsonNode> Monitors(IEnumerable<JsonNode> documents) => documents.Where(document => ((string?)document["apiVersion"])!.StartsWith("monitoring.coreos.com", StringComparison.Ordinal));
}
