using System.Text.Json.Nodes;
using FleetOps.Cluster.Tests.Support;

namespace FleetOps.Cluster.Tests.Charts;

/// <summary>Rules and dashboards come out of the chart as they went in.</summary>
public sealed class MonitoringTests
{
    private const string Rules = """
        # For people.
        groups:
        - name: models
          rules:
          - alert: ModelDown
            expr: |
              sum by (model) (up{job="{{ not a template }}"}) == 0

              unless absent(up)
            annotations:
              summary: '{{ $labels.model }} is {{ $value | humanizePercentage }}'

        """;

    private const string Dashboard = """
        {
          "title": "Fleet",
          "panels": [ { "legendFormat": "{{model}} {{ .Release.Name }}" } ]
        }

        """;

    [Fact]
    public async Task Rules_become_PrometheusRules_and_keep_their_own_braces()
    {
        using var chart = new CopiedChart();
        chart.Write("files/rules/fleetops-all_models.yaml", Rules);

        var rule = Assert.Single(await chart.RenderAsync(
            "templates/prometheusrules.yaml", "--set", "monitoring.rules.enabled=true,monitoring.rules.labels.role=alerts,monitoring.labels.release=prometheus"));

        Assert.Equal(("PrometheusRule", "fleetops-all-models"), ((string?)rule["kind"], (string?)rule["metadata"]!["name"]));
        Assert.Equal(("alerts", "prometheus"), ((string?)rule["metadata"]!["labels"]!["role"], (string?)rule["metadata"]!["labels"]!["release"]));
        Assert.True(JsonNode.DeepEquals(Yaml.Read(Rules).Single()["groups"], rule["spec"]!["groups"]), rule.ToJsonString());
    }

    [Fact]
    public async Task Dashboards_become_ConfigMaps_that_the_sidecar_finds()
    {
        using var chart = new CopiedChart();
        chart.Write("files/dashboards/fleet.json", Dashboard);

        var usual = Assert.Single(await chart.RenderAsync("templates/dashboards.yaml", "--set", "monitoring.dashboards.enabled=true"));
        var moved = Assert.Single(await chart.RenderAsync(
            "templates/dashboards.yaml", "--set", "monitoring.dashboards.enabled=true,monitoring.dashboards.namespace=monitoring,monitoring.dashboards.folder=",
            "--set-string", "monitoring.dashboards.labels.team=models"));

        Assert.Equal(Dashboard.Trim(), (string?)usual["data"]!["fleet.json"]);
        Assert.Equal(("fleetops-dashboard-fleet", "fleetops-system"), ((string?)usual["metadata"]!["name"], (string?)usual["metadata"]!["namespace"]));
        Assert.Equal(("1", "FleetOps"), ((string?)usual["metadata"]!["labels"]!["grafana_dashboard"], (string?)usual["metadata"]!["annotations"]!["grafana_folder"]));
        Assert.Equal(("monitoring", "models"), ((string?)moved["metadata"]!["namespace"], (string?)moved["metadata"]!["labels"]!["team"]));
        Assert.Null(moved["metadata"]!["annotations"]);
    }

    [Fact]
    public async Task Every_rule_and_dashboard_that_ships_comes_out_whole()
    {
        var rendered = Yaml.Read(await Helm.TemplateAsync(
            "--kube-version", "1.35.0", "--show-only", "templates/prometheusrules.yaml", "--show-only", "templates/dashboards.yaml",
            "--set", "monitoring.operator.enabled=true,monitoring.rules.enabled=true,monitoring.dashboards.enabled=true"));
        var rules = Directory.GetFiles(Repository.Path("charts", "fleetops", "files", "rules"), "*.yaml");
        var dashboards = Directory.GetFiles(Repository.Path("charts", "fleetops", "files", "dashboards"), "*.json");

        Assert.NotEmpty(rules);
        Assert.NotEmpty(dashboards);
        Assert.Equal(rules.Length + dashboards.Length, rendered.Select(document => $"{document["kind"]} {document["metadata"]!["name"]}").Distinct().Count());
        Assert.All(rules, file => Assert.Contains(rendered, document => JsonNode.DeepEquals(Yaml.Read(File.ReadAllText(file)).Single()["groups"], document["spec"]?["groups"])));
        Assert.All(rendered.Where(document => (string?)document["kind"] == "ConfigMap"), dashboard => Assert.Equal("FleetOps", (string?)dashboard["metadata"]!["annotations"]!["grafana_folder"]));
        Assert.All(dashboards, file => Assert.Contains(rendered, document => (string?)document["data"]?[Path.GetFileName(file)] == File.ReadAllText(file).Trim()));
    }

    [Theory]
    [InlineData("https://git.example.com/fleetops/blob/main", "https://git.example.com/fleetops/blob/main/deploy/runbooks/")]
    [InlineData("https://git.example.com/", "https://git.example.com/deploy/runbooks/")]
    [InlineData("", "deploy/runbooks/")]
    public async Task Every_alert_names_its_runbook_where_people_find_it(string baseUrl, string beginning)
    {
        var alerts = await AlertsAsync("--set", $"monitoring.operator.enabled=true,monitoring.rules.runbookBaseUrl={baseUrl}");

        Assert.NotEmpty(alerts);
        Assert.All(alerts, alert =>
        {
            var runbook = (string)alert["annotations"]!["runbook_url"]!;
            Assert.StartsWith(beginning, runbook, StringComparison.Ordinal);
            Assert.True(File.Exists(Repository.Path("deploy", "runbooks", Path.GetFileName(runbook))), runbook);
        });
    }

    [Theory]
    [InlineData("monitoring.operator.enabled=true", true)]
    [InlineData("operator.otlp.endpoint=http://collector:4317", true)]
    [InlineData("monitoring.workers.enabled=true", false)]
    public async Task That_the_operator_is_down_is_told_only_where_its_metrics_are_collected(string value, bool told)
    {
        var all = await AlertsAsync("--set", "monitoring.operator.enabled=true");
        var alerts = await AlertsAsync("--set", value);

        Assert.Equal(told, alerts.Any(alert => ((string)alert["expr"]!).Contains("absent(", StringComparison.Ordinal)));
        Assert.Equal(told ? [] : ["FleetOpsOperatorDown"], all.Select(Name).Except(alerts.Select(Name)));

        // Whoever installs learns of it from Helm.
        var (code, output, error) = await Helm.TryAsync(
            "install", "fleetops", Repository.Path("charts", "fleetops"), "--dry-run=client", "--kubeconfig", "/dev/null", "--set", $"crds.enabled=false,monitoring.rules.enabled=true,{value}");
        Assert.True(code == 0, error);
        Assert.Equal(!told, output.Contains("the alert FleetOpsOperatorDown is left out", StringComparison.Ordinal));

        static string Name(JsonNode alert) => (string)alert["alert"]!;
    }

    [Fact]
    public async Task What_the_operator_says_of_a_model_keeps_the_model_s_namespace()
    {
        var rendered = await Helm.TemplateAsync("--kube-version", "1.35.0", "--show-only", "templates/podmonitor.yaml", "--set", "monitoring.operator.enabled=true");

        Assert.True((bool?)Yaml.Read(rendered).Single()["spec"]!["podMetricsEndpoints"]![0]!["honorLabels"]);
    }

    private static async Task<List<JsonNode>> AlertsAsync(params string[] arguments)
    {
        var rendered = Yaml.Read(await Helm.TemplateAsync(["--kube-version", "1.35.0", "--show-only", "templates/prometheusrules.yaml", "--set", "monitoring.rules.enabled=true", .. arguments]));
        return [.. rendered.SelectMany(rule => rule["spec"]!["groups"]!.AsArray()).SelectMany(group => group!["rules"]!.AsArray()).Select(rule => rule!).Where(rule => rule["alert"] is not null)];
    }
}
