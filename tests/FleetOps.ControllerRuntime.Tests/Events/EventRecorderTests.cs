using System.Net;
using FleetOps.ControllerRuntime.Events;
using FleetOps.ControllerRuntime.Hosting;
using FleetOps.ControllerRuntime.Metrics;
using FleetOps.ControllerRuntime.Tests.Stubs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace FleetOps.ControllerRuntime.Tests.Events;

public sealed class EventRecorderTests : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _services.Dispose();

    [Fact]
    public async Task What_does_not_fit_the_queue_is_dropped_and_counted_without_waiting()
    {
        var (recorder, dropped) = NewRecorder((_, _) => Task.FromResult(StubApi.Json("""{"metadata":{"name":"e"}}""", HttpStatusCode.Created)), TimeProvider.System, burst: 2000);
        var before = dropped.GetMeasurementSnapshot().Sum(measurement => measurement.Value);

        for (var i = 0; i < 1010; i++)
        {
            recorder.Publish(Examples.ConfigMap("ns", $"c{i}"), EventType.Normal, "Many", "many");
        }

        Assert.Equal(0, before);
        Assert.Equal(10, dropped.GetMeasurementSnapshot().Where(measurement => Equals(measurement.Tags["cause"], "queue-full")).Sum(measurement => measurement.Value));
        recorder.Complete();
        await recorder.RunAsync(Token);
    }

    [Fact]
    public async Task An_event_is_tried_again_while_the_server_is_away_and_dropped_when_it_is_refused()
    {
        var time = new FakeTimeProvider();
        var asked = 0;
        var (recorder, dropped) = NewRecorder(
            (_, _) => Task.FromResult(++asked switch
            {
                1 => StubApi.Status(HttpStatusCode.ServiceUnavailable, "ServiceUnavailable"),
                2 => StubApi.Json("""{"metadata":{"name":"e"}}""", HttpStatusCode.Created),
                _ => StubApi.Status(HttpStatusCode.Forbidden, "Forbidden"),
            }),
            time);
        recorder.Publish(Examples.ConfigMap("ns", "one"), EventType.Normal, "Tried", "twice");
        recorder.Publish(Examples.ConfigMap("ns", "two"), EventType.Normal, "Refused", "at once");
        recorder.Complete();

        var run = recorder.RunAsync(Token);
        await Eventually.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return run.IsCompleted;
            },
            "all events are dealt with");

        Assert.Equal(3, asked);
        Assert.Equal(1, dropped.GetMeasurementSnapshot().Where(measurement => Equals(measurement.Tags["cause"], "refused")).Sum(measurement => measurement.Value));
    }

    [Fact]
    public async Task A_fleet_that_starts_is_told_of_bit_by_bit_and_warnings_go_first()
    {
        var time = new FakeTimeProvider();
        var sent = new List<string>();
        var (recorder, _) = NewRecorder(
            async (request, cancel) =>
            {
                sent.Add((await request.Content!.ReadAsStringAsync(cancel)).Contains("Trouble", StringComparison.Ordinal) ? "Trouble" : "Step");
                return StubApi.Json("""{"metadata":{"name":"e"}}""", HttpStatusCode.Created);
            },
            time,
            burst: 10);
        for (var i = 0; i < 60; i++)
        {
            recorder.Publish(Examples.ConfigMap("ns", $"c{i}"), EventType.Normal, "Step", "on its way");
        }

        recorder.Publish(Examples.ConfigMap("ns", "broken"), EventType.Warning, "Trouble", "needs someone");
        recorder.Complete();

        var run = recorder.RunAsync(Token);
        await Eventually.TrueAsync(() => sent.Count == 10, "the burst is sent");
        Assert.Equal("Trouble", sent[0]);
        Assert.False(run.IsCompleted);

        var waited = TimeSpan.Zero;
        await Eventually.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromMilliseconds(10));
                waited += TimeSpan.FromMilliseconds(10);
                return run.IsCompleted;
            },
            "all events are sent");

        Assert.Equal(61, sent.Count);
        Assert.True(waited >= TimeSpan.FromSeconds(51 / 20.0), $"51 events at 20 a second take more than {waited}.");
    }

    [Fact]
    public async Task A_warning_finds_room_when_others_fill_the_queue()
    {
        var (recorder, dropped) = NewRecorder((_, _) => Task.FromResult(StubApi.Json("""{"metadata":{"name":"e"}}""", HttpStatusCode.Created)), TimeProvider.System, burst: 2000);
        for (var i = 0; i < 1000; i++)
        {
            recorder.Publish(Examples.ConfigMap("ns", $"c{i}"), EventType.Normal, "Many", "many");
        }

        recorder.Publish(Examples.ConfigMap("ns", "broken"), EventType.Warning, "Trouble", "needs someone");

        Assert.Equal(0, dropped.GetMeasurementSnapshot().Sum(measurement => measurement.Value));
        recorder.Complete();
        await recorder.RunAsync(Token);
    }

    private (EventRecorder Recorder, MetricCollector<long> Dropped) NewRecorder(Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> answer, TimeProvider time, int burst = 100)
    {
        var meters = _services.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>();
        var dropped = new MetricCollector<long>(meters, RuntimeMeter.Name, "fleetops_events_dropped_total");
        return (new EventRecorder(StubApi.Connect(answer, time), new ControllerRuntimeOptions { EventBurst = burst }, time, NullLogger<EventRecorder>.Instance, meters), dropped);
    }
}
