using System.Globalization;
using System.Text.Json;
using FleetOps.Monitoring;

namespace FleetOps.EndToEnd.Tests;

/// <summary>What a platform team looks at shows what the cluster does: a real Prometheus answers every query of it under load.</summary>
public sealed class MonitoringTests(MonitoredFleet fleet) : IClassFixture<MonitoredFleet>
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    // How long the load goes on for pictures that people look at.
    private static readonly TimeSpan DrawnLoad = TimeSpan.FromMinutes(5);

    public static TheoryData<string> Dashboards => [.. Dashboard.All.Select(static dashboard => dashboard.Name)];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Dashboards))]
    public Task Every_panel_shows_data(string dashboard)
    {
        var queries =
            from panel in Dashboard.All.Single(one => one.Name == dashboard).Panels
            from query in panel.Queries
            select ($"{panel}: {query}", Dashboard.Fill(query, Variables(dashboard)));

        return AllGiveSeriesAsync(queries);
    }

    [Fact]
    public Task Every_series_that_an_alert_reads_is_there()
    {
        var selectors =
            from rule in Rule.All
            from selector in Selector.In(rule.Expression)
            select ($"{rule}: {selector}", selector.ToString());

        return AllGiveSeriesAsync(selectors);
    }

    [Fact]
    public Task Every_label_that_a_query_or_a_rule_groups_by_is_there()
    {
        var expressions = Dashboard.All.SelectMany(static dashboard => dashboard.Panels).SelectMany(static panel => panel.Queries).Concat(Rule.All.Select(static rule => rule.Expression));
        var selectors =
            from expression in expressions
            from grouping in Grouping.In(expression)
            from label in grouping.Labels
            let query = string.Join(" or ", grouping.Selectors.Select(selector => $"{selector.Metric}{{{label}!=\"\"}}").Distinct(StringComparer.Ordinal))
            select ($"{expression}: {grouping}, {label}", query);

        return AllGiveSeriesAsync(selectors);
    }

    [Fact]
    public async Task Every_rule_is_evaluated_without_an_error()
    {
        var (groups, _) = await Eventually.HoldsAsync(
            async () => JsonElement.Parse(await fleet.Prometheus.GetAsync("/api/v1/rules", Cancellation)).GetProperty("data").GetProperty("groups"),
            static groups => Rules(groups).All(static rule => rule.GetProperty("health").GetString() != "unknown"), Limit, "An evaluation of every rule");

        Assert.Equal(Rule.All.Select(static rule => rule.Name).Order(StringComparer.Ordinal), Rules(groups).Select(static rule => rule.GetProperty("name").GetString()!).Order(StringComparer.Ordinal));
        Assert.All(Rules(groups), static rule => Assert.True(rule.GetProperty("health").GetString() == "ok", rule.ToString()));
    }

    [Theory]
    [InlineData("FleetOpsDownloadFailing", "absent")]
    [InlineData("FleetOpsDigestMismatch", "forged")]
    [InlineData("FleetOpsModelNotReady", "tiny")]
    public async Task An_alert_notices_the_model_that_it_is_for(string alert, string model)
    {
        // Those with a `for` are pending for minutes before they fire; that they do is promtool's to test.
        var series = $"ALERTS{{alertname=\"{alert}\", namespace=\"{fleet.Namespace}\", model=\"{model}\"}}";
        await Eventually.HoldsAsync(() => fleet.Prometheus.AskAsync(series, Cancellation), static answer => answer.Series > 0, Limit, series);
    }

    [Fact]
    public async Task A_model_that_serves_raises_no_alert_about_its_readiness()
    {
        await Eventually.HoldsAsync(
            () => fleet.Prometheus.AskAsync($"fleetops_modeldeployment_condition{{namespace=\"{fleet.Namespace}\", model=\"chat\", type=\"Ready\", status=\"True\"}}", Cancellation),
            static answer => answer.Series == 1, Limit, "The condition Ready of the model chat");

        var alerts = $"ALERTS{{alertname=~\"FleetOps(ModelNotReady|NoWorkerAvailable|Download.*|DigestMismatch|WorkerCrashLooping)\", namespace=\"{fleet.Namespace}\", model=\"chat\", alertstate=\"firing\"}}";
        Assert.Equal((0, ""), await fleet.Prometheus.AskAsync(alerts, Cancellation));
    }

    [Fact]
    public async Task Every_panel_can_be_drawn()
    {
        await Task.WhenAll(Dashboard.All.Select(static dashboard => dashboard.Name).Select(Every_panel_shows_data));
        var folder = Repository.File("artifacts", "test-results", "dashboards");
        if (Environment.GetEnvironmentVariable("FLEETOPS_DRAW") is { Length: > 0 } pictures)
        {
            folder = Path.GetFullPath(pictures);
            await Eventually.HoldsAsync(() => Task.FromResult(DateTimeOffset.UtcNow - fleet.Began), static load => load > DrawnLoad, DrawnLoad * 2, "A load that is worth a picture");
        }

        var drawn = await DrawAsync(folder, "model", "fleet", "gpu", "operator");

        Assert.Equal(Dashboard.All.Count, drawn.Count);
        Assert.All(drawn, static line => Assert.Matches(@"^\S+\.png: \d+ panels$", line));
        // A picture of empty panels is far smaller.
        Assert.All(Dashboard.All, dashboard => Assert.True(new FileInfo(Path.Combine(folder, dashboard.Name + ".png")).Length > 30_000, $"{dashboard}.png shows next to nothing."));
    }

    [Fact]
    public async Task Clients_are_answered_while_all_of_this_is_measured() =>
        await Eventually.HoldsAsync(() => Task.FromResult(fleet.Load.Answered), static answered => answered >= 20, Limit, "Twenty calls that end well");

    // Asks again until each has given a series at some moment: a rate needs two scrapes, a failing worker a while to be called failing.
    private async Task AllGiveSeriesAsync(IEnumerable<(string Name, string Query)> queries)
    {
        var open = queries.DistinctBy(static query => query.Query).ToList();
        Assert.NotEmpty(open);
        await Eventually.HoldsAsync(
            async () =>
            {
                var still = new List<(string Name, string Query)>();
                foreach (var query in open)
                {
                    var (series, error) = await fleet.Prometheus.AskAsync(query.Query, Cancellation);
                    Assert.True(error.Length == 0, $"{query.Name}\n{error}");
                    if (series == 0)
                    {
                        still.Add(query);
                    }
                }

                open = still;
                return string.Join('\n', still.Select(static query => query.Name));
            },
            static still => still.Length == 0, Limit, "A series for each query");
    }

    private async Task<IReadOnlyList<string>> DrawAsync(string folder, params string[] dashboards)
    {
        var lines = new List<string>();
        var minutes = Math.Clamp((DateTimeOffset.UtcNow - fleet.Began).TotalMinutes, 0.5, 10).ToString("F2", CultureInfo.InvariantCulture);
        foreach (var dashboard in dashboards)
        {
            string[] arguments = [fleet.Prometheus.Address.ToString(), folder, dashboard, $"minutes={minutes}", .. Variables(dashboard).Select(static variable => $"{variable.Key}={variable.Value}")];
            var output = (await Command.RunAsync(Repository.File("deploy", "grafana", "draw"), arguments, limit: Limit)).Succeeded();
            lines.AddRange(output.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
        }

        return lines;
    }

    private Dictionary<string, string> Variables(string dashboard) => new(StringComparer.Ordinal)
    {
        ["cluster"] = MonitoredFleet.Cluster,
        ["namespace"] = dashboard == "fleet" ? ".*" : fleet.Namespace,
        ["model"] = dashboard == "model" ? "chat" : ".*",
        ["operator"] = "fleetops-system",
        ["controller"] = ".*",
        ["gpu_price"] = "2.50",
        ["__rate_interval"] = "20s",
    };

    private static IEnumerable<JsonElement> Rules(JsonElement groups) => groups.EnumerateArray().SelectMany(static group => group.GetProperty("rules").EnumerateArray());
}
