using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text.RegularExpressions;
using FleetOps.ControllerRuntime.Hosting;
using FleetOps.ControllerRuntime.Metrics;

namespace FleetOps.ControllerRuntime.Tests.Integration;

/// <summary>Dashboards and alerts are written against these names and labels; a change here breaks them.</summary>
[Collection(nameof(TwinHost))]
public sealed partial class MetricsContractTests(RealApi real)
{
    private const string Contract = """
        controller_runtime_active_workers{controller}
        controller_runtime_max_concurrent_reconciles{controller}
        controller_runtime_reconcile_errors_total{controller}
        controller_runtime_reconcile_panics_total{controller}
        controller_runtime_reconcile_time_seconds_bucket{controller,le}
        controller_runtime_reconcile_time_seconds_count{controller}
        controller_runtime_reconcile_time_seconds_sum{controller}
        controller_runtime_reconcile_timeouts_total{controller}
        controller_runtime_reconcile_total{controller,result}
        controller_runtime_terminal_reconcile_errors_total{controller}
        fleetops_events_dropped_total{cause}
        fleetops_events_sent_total{}
        fleetops_informer_handler_faults_total{resource}
        fleetops_informer_lists_total{resource}
        fleetops_informer_malformed_objects_total{resource}
        fleetops_informer_watch_faults_total{resource}
        leader_election_master_status{name}
        leader_election_slowpath_total{name}
        rest_client_request_duration_seconds_bucket{host,le,verb}
        rest_client_request_duration_seconds_count{host,verb}
        rest_client_request_duration_seconds_sum{host,verb}
        rest_client_requests_total{code,host,method}
        workqueue_adds_total{controller,name}
        workqueue_depth{controller,name,priority}
        workqueue_longest_running_processor_seconds{controller,name}
        workqueue_queue_duration_seconds_bucket{controller,le,name}
        workqueue_queue_duration_seconds_count{controller,name}
        workqueue_queue_duration_seconds_sum{controller,name}
        workqueue_retries_total{controller,name}
        workqueue_unfinished_work_seconds{controller,name}
        workqueue_work_duration_seconds_bucket{controller,le,name}
        workqueue_work_duration_seconds_count{controller,name}
        workqueue_work_duration_seconds_sum{controller,name}
        """;

    [Fact]
    public async Task Names_and_labels_are_those_of_controller_runtime_and_our_own()
    {
        var ns = await real.NewNamespaceAsync();
        await using var host = await TwinHost.StartAsync(real, ns);
        await real.Api.ApplyAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "parent"), TestContext.Current.CancellationToken);
        await host.ChildIsAsync("parent-child", "1");
        Assert.Equal("ok\n", await host.GetAsync("/healthz"));
        Assert.Equal("ok\n", await host.GetAsync("/readyz"));

        // The others are the exporter's, and the .NET runtime's under the names that it gives them.
        string[] others = ["target_info", "otel_", "dotnet_"];
        string[] served = [];
        // A duration is told once the first work has ended, and what meters tell may be a moment old.
        await Eventually.TrueAsync(
            async () =>
            {
                served = [.. Sample().Matches(await host.GetAsync("/metrics"))
                    .Select(sample => $"{sample.Groups["name"].Value}{{{string.Join(',', LabelsOf(sample).Order(StringComparer.Ordinal))}}}")
                    .Where(name => !others.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)))
                    .Distinct(StringComparer.Ordinal)
                    .Order(StringComparer.Ordinal)];
                return served.Contains("workqueue_work_duration_seconds_sum{controller,name}");
            },
            "the first work is told");

        Assert.Equal(Contract.Split('\n', StringSplitOptions.TrimEntries), served);
    }

    [Theory]
    [InlineData("controller_runtime_reconcile_total", "result", "success", "error", "requeue", "requeue_after")]
    [InlineData("workqueue_depth", "priority", "0", "-100")]
    [InlineData("controller_runtime_reconcile_errors_total", "controller", "configmap")]
    [InlineData("controller_runtime_terminal_reconcile_errors_total", "controller", "configmap")]
    [InlineData("controller_runtime_reconcile_panics_total", "controller", "configmap")]
    [InlineData("controller_runtime_reconcile_timeouts_total", "controller", "configmap")]
    [InlineData("controller_runtime_active_workers", "controller", "configmap")]
    [InlineData("workqueue_retries_total", "name", "configmap")]
    [InlineData("workqueue_unfinished_work_seconds", "name", "configmap")]
    [InlineData("workqueue_longest_running_processor_seconds", "name", "configmap")]
    [InlineData("leader_election_slowpath_total", "name", "fleetops-operator")]
    public async Task A_series_is_there_before_its_first_event(string name, string label, params string[] values)
    {
        await using var host = await TwinHost.StartAsync(real, await real.NewNamespaceAsync());

        var metrics = await host.GetAsync("/metrics");

        Assert.All(values, value => Assert.Matches($$"""\n{{name}}\{[^}]*{{label}}="{{Regex.Escape(value)}}"[^}]*\} \d""", metrics));
    }

    [Fact]
    public async Task What_is_done_is_still_told_after_another_host_of_the_process_has_ended()
    {
        var ns = await real.NewNamespaceAsync();
        await using var host = await TwinHost.StartAsync(real, ns);
        await using (var other = await TwinHost.StartAsync(real, await real.NewNamespaceAsync()))
        {
            await other.GetAsync("/metrics");
        }

        var before = Successes(await host.GetAsync("/metrics"));
        await real.Api.ApplyAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "parent"), TestContext.Current.CancellationToken);

        await Eventually.TrueAsync(async () => Successes(await host.GetAsync("/metrics")) > before, "the reconcile is told");
    }

    [Fact]
    public async Task A_metric_has_no_more_series_than_the_bound()
    {
        await using var host = await TwinHost.StartAsync(real, await real.NewNamespaceAsync());
        var events = new EventMetrics(host.Service<IMeterFactory>());
        for (var i = 0; i < 5 * Telemetry.MostSeries; i++)
        {
            events.Dropped($"cause-{i}");
        }

        var series = 0;
        await Eventually.TrueAsync(
            async () =>
            {
                var metrics = await host.GetAsync("/metrics");
                series = Sample().Matches(metrics).Count(sample => sample.Groups["name"].Value == "fleetops_events_dropped_total");
                return metrics.Contains("cause-1\"", StringComparison.Ordinal);
            },
            "the causes are told");

        Assert.InRange(series, 2, Telemetry.MostSeries + 1);
    }

    private static int Successes(string metrics) => Reconciled().Match(metrics) is { Success: true } sample ? int.Parse(sample.Groups["count"].Value, CultureInfo.InvariantCulture) : -1;

    private static IEnumerable<string> LabelsOf(Match sample) =>
        sample.Groups["label"].Captures.Select(label => label.Value).Where(label => !label.StartsWith("otel_", StringComparison.Ordinal));

    [GeneratedRegex("""^controller_runtime_reconcile_total\{[^}]*result="success"[^}]*\} (?<count>\d+)""", RegexOptions.Multiline | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Reconciled();

    [GeneratedRegex("""^(?<name>[a-z_]+)(\{((?<label>[a-z_]+)="[^"]*",?)*\})? """, RegexOptions.Multiline | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Sample();
}
