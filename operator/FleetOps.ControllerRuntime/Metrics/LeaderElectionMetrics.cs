using System.Diagnostics.Metrics;

namespace FleetOps.ControllerRuntime.Metrics;

/// <summary>Leadership under client-go's names.</summary>
internal sealed class LeaderElectionMetrics
{
    private readonly Counter<long>? _slowPath;
    private readonly KeyValuePair<string, object?> _tag;

    public LeaderElectionMetrics(IMeterFactory? meters, string name, Func<bool> leads)
    {
        _tag = new("name", name);
        var meter = meters?.Create(RuntimeMeter.Name);
        meter?.CreateObservableGauge("leader_election_master_status", () => new Measurement<int>(leads() ? 1 : 0, _tag), description: "1 while this process leads.");
        _slowPath = meter?.CreateCounter<long>("leader_election_slowpath_total", description: "Tries to take or renew the lease that failed.");
        _slowPath?.Add(0, _tag);
    }

    public void SlowPath() => _slowPath?.Add(1, _tag);
}
