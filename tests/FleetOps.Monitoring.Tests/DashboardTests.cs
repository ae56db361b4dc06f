using System.Text.Json;

namespace FleetOps.Monitoring.Tests;

/// <summary>What every dashboard owes to the person who opens it.</summary>
public sealed class DashboardTests
{
    // What Prometheus adds to every series, or the PodMonitors do.
    private static readonly string[] LabelsOfTheScrape = ["cluster", "namespace", "pod", "model"];

    // Panels whose values are neither good nor bad in themselves.
    private static readonly (string Kind, string[] Panels)[] Unbounded =
    [
        ("how many there are, as somebody decided", ["fleet / Models", "fleet / GPUs", "model / Workers wanted", "model / Replicas", "operator / Models", "gpu / GPUs held"]),
        ("words", ["model / Model", "model / Conditions"]),
        ("how much is asked, and how it ends", ["fleet / Requests", "fleet / Request rate", "model / Requests", "model / Request rate", "model / Finish reasons", "model / Requests by worker", "model / Calls and connections"]),
        ("how much is done, where the best is another for each model, GPU and kind of request",
            ["fleet / Generated tokens", "model / Batch size", "model / Tokens", "model / Cached prompt tokens", "model / Generated tokens per GPU", "model / Guessed tokens", "gpu / Generated tokens per GPU", "gpu / Power", "gpu / Energy per token"]),
        ("what the operator does in normal work", ["operator / Reconciles", "operator / Reconciles by result", "operator / Workers", "operator / Calls", "operator / Leader"]),
        ("money, of which the reader knows how much there is", ["gpu / Cost per hour", "gpu / Cost per million tokens", "gpu / Cost per million generated tokens"]),
    ];

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
    public void A_panel_says_what_it_shows_and_in_which_unit(string name)
    {
        Assert.All(Find(name).Panels, static panel =>
        {
            Assert.NotEmpty(panel.Title);
            Assert.EndsWith(".", panel.Description, StringComparison.Ordinal);
            Assert.NotEmpty(panel.Unit);
            Assert.All(panel.Queries, Assert.NotEmpty);
            Assert.NotEmpty(panel.Queries);
        });
    }

    [Fact]
    public void A_panel_says_what_is_too_much_unless_its_values_are_neither_good_nor_bad()
    {
        var unbounded = Unbounded.SelectMany(static kind => kind.Panels).Order(StringComparer.Ordinal);

        Assert.Equal(unbounded, Dashboard.All.SelectMany(static dashboard => dashboard.Panels).Where(static panel => !panel.Judges).Select(static panel => panel.ToString()).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
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
            if (selector.Metric.StartsWith("DCGM_", StringComparison.Ordinal))
            {
                // The namespace of the worker may be in either of two labels; workers narrow these series by being joined with them.
                Assert.Contains("on (cluster, namespace, pod) group_left (model) group by (cluster, namespace, pod, model) (fleetops_inference_requests_running{", string.Join('\n', panel.Queries), StringComparison.Ordinal);
                continue;
            }

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

    [Fact]
    public void Every_label_that_a_query_or_a_rule_groups_by_is_one_that_the_metrics_have()
    {
        var expressions = Dashboard.All.SelectMany(static dashboard => dashboard.Panels).SelectMany(static panel => panel.Queries).Concat(Rule.All.Select(static rule => rule.Expression)).ToList();
        Assert.True(expressions.SelectMany(Grouping.In).Count() > 100);

        Assert.All(expressions.SelectMany(Grouping.In), static grouping =>
        {
            var labels = grouping.Selectors.Select(static selector => Contract.Metrics[selector.Metric]).ToList();
            // The labels of the workers' metrics are told by no test here; the end-to-end tests see the real ones.
            Assert.True(
                labels.Contains(null) || !grouping.Labels.Except(LabelsOfTheScrape).Except(labels.SelectMany(static known => known!)).Any(),
                $"{grouping} names a label that none of {string.Join(", ", grouping.Selectors)} has.");
        });
    }

    [Theory]
    [InlineData("sum by (cluster, phase) (rate(fleetops_modeldeployment_phase{model=~\"(a|b)\"}[5m])) / 2", "by (cluster, phase)", "fleetops_modeldeployment_phase")]
    [InlineData("a * on (pod) group_left (model) group by (pod, model) (b{x=\"by (z) (\"}) or c", "on (pod)|group_left (model)|by (pod, model)", "a b c|a b c|b")]
    public void A_grouping_is_found_with_what_it_groups(string expression, string clauses, string metrics)
    {
        var found = Grouping.In(expression);

        Assert.Equal(clauses, string.Join('|', found));
        Assert.Equal(metrics, string.Join('|', found.Select(static grouping => string.Join(' ', grouping.Selectors.Select(static selector => selector.Metric)))));
    }

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
