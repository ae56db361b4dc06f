namespace FleetOps.Operator.ModelDeployments.Metrics;

/// <summary>How long a worker took to start.</summary>
/// <param name="ServedAt">When it began to serve.</param>
/// <param name="Phases">The phases before that with the seconds spent in each.</param>
internal sealed record StartupTimes(DateTime ServedAt, IReadOnlyList<KeyValuePair<string, double>> Phases);
