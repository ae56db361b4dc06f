using System.Diagnostics.Metrics;
using FleetOps.ControllerRuntime.Hosting;
using FleetOps.ControllerRuntime.Tests.Stubs;

namespace FleetOps.ControllerRuntime.Tests.Hosting;

public sealed class GaugeExportTests
{
    [Fact]
    public async Task A_series_that_is_told_no_more_is_sent_no_more()
    {
        var name = $"meter-{Guid.NewGuid():N}";
        var told = "first-value";
        var own = new object();
        using var meter = new Meter(name, version: null, tags: null, scope: own);
        using var another = new Meter(name);
        another.CreateObservableGauge("gauge_of_another_host", static () => 1);
        meter.CreateObservableGauge("gauge_under_test", () => new Measurement<double>(1, new KeyValuePair<string, object?>("label", Volatile.Read(ref told))));
        await using var collector = await Collector.StartAsync();
        var export = new GaugeExport(new() { Component = "program-under-test" }, collector.Options, name, own, static _ => 10) { Interval = TimeSpan.FromMilliseconds(50) };
        await export.StartAsync(TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => collector.Exports("metrics").Any(sent => sent.Contains("first-value", StringComparison.Ordinal)), "the first is sent");

        Volatile.Write(ref told, "second-value");
        await Eventually.TrueAsync(() => collector.Exports("metrics").Any(sent => sent.Contains("second-value", StringComparison.Ordinal)), "the second is sent");
        await export.StopAsync(TestContext.Current.CancellationToken);

        var last = collector.Exports("metrics")[^1];
        Assert.DoesNotContain("first-value", last, StringComparison.Ordinal);
        Assert.DoesNotContain("gauge_of_another_host", last, StringComparison.Ordinal);
        Assert.All(["second-value", "gauge_under_test", "program-under-test"], expected => Assert.Contains(expected, last, StringComparison.Ordinal));
    }
}
