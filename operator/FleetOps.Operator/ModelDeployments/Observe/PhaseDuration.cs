namespace FleetOps.Operator.ModelDeployments.Observe;

/// <summary>A phase of a worker and the seconds spent in it.</summary>
internal sealed record PhaseDuration(string Phase, double Seconds);
