using System.Diagnostics.Metrics;

namespace FleetOps.ControllerRuntime.Metrics;

/// <summary>What became of events.</summary>
internal sealed class EventMetrics
{
    private static readonly string[] Causes = ["queue-full", "rate-limited", "refused", "unreachable"];

    private readonly Counter<long>? _sent;
    private readonly Counter<long>? _dropped;

    public EventMetrics(IMeterFactory? meters)
    {
        var meter = meters?.Create(RuntimeMeter.Name);
        _sent = meter?.CreateCounter<long>("fleetops_events_sent_total", description: "Events written to the API server.");
        _dropped = meter?.CreateCounter<long>("fleetops_events_dropped_total", description: "Events that were not written, by cause.");
        _sent?.Add(0);
        foreach (var cause in Causes)
        {
            _dropped?.Add(0, new KeyValuePair<string, object?>("cause", cause));
        }
    }

    public void Sent() => _sent?.Add(1);

    public void Dropped(string cause) => _dropped?.Add(1, new KeyValuePair<string, object?>("cause", cause));
}
