using System.Collections.Concurrent;
using System.Diagnostics;
using FleetOps.ControllerRuntime.Metrics;
using FleetOps.ControllerRuntime.Tests.Stubs;
using Microsoft.Extensions.Logging.Testing;

namespace FleetOps.ControllerRuntime.Tests.Integration;

/// <summary>What can be told of a reconcile afterwards.</summary>
[Collection(nameof(TwinHost))]
public sealed class TracingTests(RealApi real)
{
    private const int ReconcileFailed = 1203;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_reconcile_is_a_span_and_what_it_wrote_its_children()
    {
        var ns = await real.NewNamespaceAsync();
        var spans = new ConcurrentQueue<Activity>();
        using var listener = Listen(ns, spans);
        await using var host = await TwinHost.StartAsync(real, ns);

        await real.Api.ApplyAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "again", "requeue"), Token);

        await Eventually.TrueAsync(() => spans.Any(span => span.OperationName == "create ServiceAccount"), "the write is told");
        var write = spans.First(span => span.OperationName == "create ServiceAccount");
        Assert.Equal((ActivityKind.Client, "ServiceAccount", "again-child"), (write.Kind, write.GetTagItem("k8s.object.kind"), write.GetTagItem("k8s.object.name")));
        await Eventually.TrueAsync(() => spans.Any(span => span.SpanId == write.ParentSpanId), "the reconcile is told");
        var reconcile = spans.First(span => span.SpanId == write.ParentSpanId);
        Assert.Equal(
            ("reconcile ConfigMap", "configmap", "ConfigMap", "again", "requeue_after", 0.05),
            (reconcile.OperationName, reconcile.GetTagItem("fleetops.controller"), reconcile.GetTagItem("k8s.object.kind"), reconcile.GetTagItem("k8s.object.name"),
                reconcile.GetTagItem("fleetops.outcome"), reconcile.GetTagItem("fleetops.requeue_after_seconds")));
        // The later ones write nothing.
        await Eventually.TrueAsync(() => spans.Count(span => span.OperationName == "reconcile ConfigMap") > 2, "it is looked at again");
        Assert.Single(spans, span => span.ParentSpanId != default);
    }

    [Fact]
    public async Task Every_line_of_a_reconcile_carries_its_id_which_is_that_of_its_trace()
    {
        var ns = await real.NewNamespaceAsync();
        await using var host = await TwinHost.StartAsync(real, ns);
        await real.Api.ApplyAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "throws", "throw 3"), Token);
        await host.ChildIsAsync("throws-child", "throw 3");

        var ids = Failures(host).Select(IdOf).ToList();
        Assert.Equal(3, ids.Count);
        Assert.Equal(3, ids.Distinct().Count());
        Assert.All(ids, id => Assert.Matches("^[0-9a-f]{32}$", id));

        var spans = new ConcurrentQueue<Activity>();
        await using var traced = await TwinHost.StartAsync(real, ns = await real.NewNamespaceAsync());
        using var listener = Listen(ns, spans);
        await real.Api.ApplyAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "throws", "throw 3"), Token);
        await traced.ChildIsAsync("throws-child", "throw 3");

        Assert.Equal(
            spans.Where(span => span.Status == ActivityStatusCode.Error).Select(span => span.TraceId.ToHexString()),
            Failures(traced).Select(IdOf));
    }

    [Fact]
    public async Task Spans_and_metrics_are_sent_to_a_collector()
    {
        await using var collector = await Collector.StartAsync();
        var ns = await real.NewNamespaceAsync();
        await using (var host = await TwinHost.StartAsync(real, ns, configure: options => options.Collector = collector.Options))
        {
            await real.Api.ApplyAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "parent", "1"), Token);
            await host.ChildIsAsync("parent-child", "1");
        }

        var traces = string.Concat(collector.Exports("traces"));
        Assert.All(["reconcile ConfigMap", "create ServiceAccount", "parent-child", ns, "fleetops-operator"], expected => Assert.Contains(expected, traces, StringComparison.Ordinal));
        // Leases and what the informers read belong to no reconcile.
        Assert.DoesNotContain("Lease", traces, StringComparison.Ordinal);
        Assert.Contains("controller_runtime_reconcile_total", string.Concat(collector.Exports("metrics")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Below_a_path_each_signal_has_its_own()
    {
        await using var collector = await Collector.StartAsync();
        var ns = await real.NewNamespaceAsync();
        await using (var host = await TwinHost.StartAsync(
            real, ns, configure: options => options.Collector = collector.Options with { Endpoint = new(collector.Options.Endpoint, "otlp") }))
        {
            await real.Api.ApplyAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "parent", "1"), Token);
            await host.ChildIsAsync("parent-child", "1");
        }

        Assert.Equal(["/otlp/v1/metrics", "/otlp/v1/traces"], collector.Paths.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Of_a_share_of_none_nothing_is_sent()
    {
        await using var collector = await Collector.StartAsync();
        var ns = await real.NewNamespaceAsync();
        await using (var host = await TwinHost.StartAsync(real, ns, configure: options => options.Collector = collector.Options with { TraceShare = 0 }))
        {
            await real.Api.ApplyAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "parent", "1"), Token);
            await host.ChildIsAsync("parent-child", "1");
        }

        Assert.Empty(collector.Exports("traces"));
        Assert.NotEmpty(collector.Exports("metrics"));
    }

    // Hosts of other tests trace into the same process.
    private static ActivityListener Listen(string ns, ConcurrentQueue<Activity> spans)
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == RuntimeMeter.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = span =>
            {
                if (span.GetTagItem("k8s.namespace.name") is string found && found == ns)
                {
                    spans.Enqueue(span);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }

    private static IEnumerable<FakeLogRecord> Failures(TwinHost host) => host.Logs.Where(line => line.Id.Id == ReconcileFailed);

    private static string? IdOf(FakeLogRecord line) => line.Scopes
        .OfType<IEnumerable<KeyValuePair<string, object?>>>()
        .SelectMany(scope => scope)
        .Where(entry => entry.Key == "reconcileID")
        .Select(entry => entry.Value as string)
        .SingleOrDefault();
}
