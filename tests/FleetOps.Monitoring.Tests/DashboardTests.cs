using System.Text.Json;

namespace FleetOps.Monitoring.Tests;

/// <summary>What every dashboard owes to the person who opens it.</summary>
public sealed class DashboardTests
{
    // What Prometheus adds to every series, or the PodMonitors do.
    private static readonly string[] LabelsOfTheScrape = ["cluster", "namespace", "pod", "model"];

    public static TheoryData<string> Names => [.. Dashboard.All.Select(static dashboard => dashboard.Name)];

    [Fact]
    public void There_are_four_and_each_has_an_address_of_its_own()
    {
        Assert.Equal(["fleet", "gpu", "model", "operator"], Dashboard.All.Select(static dashboard => dashboard.Name));
        Assert.Equal(
            ["fleetops-fleet", "fleetops-gpu", "fleetops-model", "fleetops-operator"], Dashboard.All.Select(static dashboard => dashboard.Json.GetProperty("uid").GetString()));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_panel_says_what_it_shows_in_which_unit_and_what_is_too_much(string name)
    {
        Assert.All(Find(name).Panels, static panel =>
        {
            Assert.NotEmpty(panel.Title);
            Assert.EndsWith(".", panel.Description, StringComparison.Ordinal);
            Assert.NotEmpty(panel.Unit);
            Assert.True(panel.ThresholdSteps > 0, $"{panel} has no thresholds.");
            Assert.All(panel.Queries, Assert.NotEmpty);
            Assert.NotEmpty(panel.Queries);
        });
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Panels_have_numbers_of_their_own_and_do_not_overlap(string name)
    {
        var all = Find(name).Json.GetProperty("panels").EnumerateArray().ToList();
        var cells = all.SelectMany(static panel => Cells(panel.GetProperty("gridPos"))).ToList();

        Assert.Distinct(all.Select(static panel => panel.GetProperty("id").GetInt32()));
        Assert.Distinct(cells);
        Assert.All(cells, static cell => Assert.InRange(cell.Column, 0, 23));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_query_is_narrowed_by_the_variables(string name)
    {
        var dashboard = Find(name);
        Assert.Superset(new HashSet<string> { "datasource", "cluster", "namespace", "model" }, dashboard.Variables.ToHashSet());

        foreach (var (panel, selector) in Selectors(dashboard))
        {
            Assert.True(selector.Matchers.Contains("cluster=~\"$cluster\"", StringComparison.Ordinal), $"{panel}: {selector} is not narrowed by the cluster.");
            Assert.True(
                selector.Matchers.Contains("namespace=~\"$namespace\"", StringComparison.Ordinal) || selector.Matchers.Contains("namespace=~\"$operator\"", StringComparison.Ordinal),
                $"{panel}: {selector} is not narrowed by a namespace.");
            var isOfModels = selector.Metric.StartsWith("fleetops_", StringComparison.Ordinal) || selector.Metric.StartsWith("gen_ai_", StringComparison.Ordinal);
            Assert.True(!isOfModels || selector.Matchers.Contains("model=~\"$model\"", StringComparison.Ordinal), $"{panel}: {selector} is not narrowed by the model.");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_variable_in_a_query_is_one_of_the_dashboard_or_of_Grafana(string name)
    {
        var dashboard = Find(name);
        var values = dashboard.Variables.Append("__rate_interval").ToDictionary(static variable => variable, static _ => "1", StringComparer.Ordinal);

        Assert.All(dashboard.Panels.SelectMany(static panel => panel.Queries), query => Dashboard.Fill(query, values));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_metric_is_one_that_the_operator_the_worker_or_the_GPU_s_exporter_tells(string name) =>
        Assert.All(Selectors(Find(name)), static found => IsKnown(found.Selector));

    [Fact]
    public void Every_metric_of_a_rule_is_one_that_the_operator_or_the_worker_tells() =>
        Assert.All(Rule.All.SelectMany(static rule => Selector.In(rule.Expression)), IsKnown);

    [Theory]
    [InlineData("deploy/grafana/dashboards", "charts/fleetops/files/dashboards")]
    [InlineData("deploy/prometheus/rules", "charts/fleetops/files/rules")]
    public void The_chart_has_the_same_files(string source, string copy)
    {
        static Dictionary<string, string> Read(string folder) => Directory.EnumerateFiles(Checkout.File(folder.Split('/')))
            .ToDictionary(static file => Path.GetFileName(file), File.ReadAllText, StringComparer.Ordinal);

        Assert.True(Read(source).OrderBy(static file => file.Key, StringComparer.Ordinal).SequenceEqual(Read(copy).OrderBy(static file => file.Key, StringComparer.Ordinal)), $"{copy} differs from {source}; run `make dashboards`.");
    }

    private static void IsKnown(Selector selector)
    {
        Assert.True(Contract.Metrics.TryGetValue(selector.Metric, out var labels), $"Nothing tells the metric {selector.Metric}.");
        Assert.True(labels is null || !selector.Labels.Except(labels).Except(LabelsOfTheScrape).Any(), $"{selector} matches a label that the metric has not.");
    }

    private static Dashboard Find(string name) => Dashboard.All.Single(dashboard => dashboard.Name == name);

    private static IEnumerable<(Panel Panel, Selector Selector)> Selectors(Dashboard dashboard) =>
        from panel in dashboard.Panels
        from query in panel.Queries
        from selector in Selector.In(query)
        select (panel, selector);

    private static IEnumerable<(int Column, int Row)> Cells(JsonElement place) =>
        from column in Enumerable.Range(place.GetProperty("x").GetInt32(), place.GetProperty("w").GetInt32())
        from row in Enumerable.Range(place.GetProperty("y").GetInt32(), place.GetProperty("h").GetInt32())
        select (column, row);
}
