using FleetOps.Operator.ModelDeployments.Plan;

namespace FleetOps.Operator.ModelDeployments.Observe;

/// <summary>How workers are asked for their state.</summary>
internal sealed record WorkerStatePollerOptions
{
    /// <summary>Port of <c>/state</c> on the pod's address.</summary>
    public int Port { get; init; } = WorkerContract.HttpPort;

    /// <summary>Pause between two rounds.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Time limit for one answer.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Workers that are asked at once.</summary>
    public int Concurrency { get; init; } = 128;

    /// <summary>Tries in vain after which a worker counts as silent. A worker needs a moment to open its port.</summary>
    public int Patience { get; init; } = 15;
}
