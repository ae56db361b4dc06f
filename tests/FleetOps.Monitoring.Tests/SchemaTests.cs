using System.Text.Json.Nodes;

namespace FleetOps.Monitoring.Tests;

/// <summary>The dashboards are what Grafana's published types, in @grafana/schema, say that a dashboard is.</summary>
public sealed class SchemaTests
{
    private static readonly string Folder = Checkout.File("tests", "FleetOps.Monitoring.Tests", "Schema");

    public static TheoryData<string, Action<JsonNode>, string> Mistakes => new()
    {
        { "a value that Grafana does not know", static board => Stat(board)["fieldConfig"]!["defaults"]!["thresholds"]!["mode"] = "absolut", "absolut" },
        { "a setting that Grafana does not know", static board => board["refreshEvery"] = "30s", "refreshEvery" },
        { "an option of no stat panel", static board => Stat(board)["options"]!["colourMode"] = "value", "colourMode" },
        { "a line that is drawn in no way", static board => Series(board)["fieldConfig"]!["defaults"]!["custom"]!["drawStyle"] = "curve", "curve" },
        { "a place without a width", static board => Stat(board)["gridPos"]!.AsObject().Remove("w"), "'w'" },
        { "a text where a number belongs", static board => Stat(board)["id"] = "one", "number" },
        { "a panel of a kind that is gone", static board => Series(board)["type"] = "graph", "graph" },
        { "a query in the wrong place", static board => Series(board)["targets"]![0]!["query"] = "up", "query" },
    };

    [Fact]
    public async Task Every_dashboard_is_one_for_Grafana()
    {
        var (status, output) = await CheckAsync([.. Dashboard.All.Select(static dashboard => Checkout.File("deploy", "grafana", "dashboards", dashboard.Name + ".json"))]);

        Assert.True(status == 0, output);
    }

    [Theory(DisableDiscoveryEnumeration = true)]
    [MemberData(nameof(Mistakes))]
    public async Task A_dashboard_with_a_mistake_is_refused(string mistake, Action<JsonNode> make, string told)
    {
        var dashboard = JsonNode.Parse(await File.ReadAllTextAsync(Checkout.File("deploy", "grafana", "dashboards", "fleet.json"), TestContext.Current.CancellationToken))!;
        make(dashboard);
        var folder = Directory.CreateTempSubdirectory("fleetops-dashboard-");
        var file = Path.Combine(folder.FullName, "fleet.json");
        await File.WriteAllTextAsync(file, dashboard.ToString(), TestContext.Current.CancellationToken);

        var (status, output) = await CheckAsync(file);
        folder.Delete(recursive: true);

        Assert.True(status == 1, $"{mistake}: {output}");
        Assert.Matches(@"^\S+fleet\.json:\d+:\d+: ", output);
        Assert.Contains(told, output, StringComparison.Ordinal);
    }

    private static JsonNode Stat(JsonNode dashboard) => First(dashboard, "stat");

    private static JsonNode Series(JsonNode dashboard) => First(dashboard, "timeseries");

    private static JsonNode First(JsonNode dashboard, string type) => dashboard["panels"]!.AsArray().First(panel => panel!["type"]!.ToString() == type)!;

    private static async Task<(int Status, string Output)> CheckAsync(params string[] files)
    {
        var (restored, packages) = await Prometheus.RunAsync(Path.Combine(Folder, "restore"));
        Assert.True(restored == 0, packages);
        return await Prometheus.RunAsync("node", [Path.Combine(Folder, "check.js"), packages.Trim(), .. files]);
    }
}
