namespace FleetOps.Benchmarks.Figures;

/// <summary>One contender's burst.</summary>
/// <param name="Seconds">From the first request until the last thing to be seen was seen.</param>
/// <param name="ChildrenSeconds">Until the last child was seen.</param>
/// <param name="OwnSeconds">Until the last request of the users, or of the bare client, was answered.</param>
/// <param name="Cpu">CPU seconds of each process in that time.</param>
/// <param name="Writes">Writes of the contender by what was written, as the audit log has them.</param>
/// <param name="Documents">What was applied, for the bare client: lines of path, tab, JSON.</param>
internal sealed record BurstRun(
    double Seconds,
    double ChildrenSeconds,
    double OwnSeconds,
    IReadOnlyList<(string Name, double Seconds)> Cpu,
    IReadOnlyDictionary<string, int> Writes,
    IReadOnlyList<string> Documents);
