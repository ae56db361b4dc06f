using FleetOps.Benchmarks.Reports;

namespace FleetOps.Benchmarks.Processes;

/// <summary>Who used the CPU between two moments.</summary>
internal sealed class CpuSplit
{
    private readonly IReadOnlyList<(string Name, int Id, double Before)> _processes;

    private CpuSplit(IReadOnlyList<(string Name, int Id, double Before)> processes) => _processes = processes;

    /// <summary>Begins to count.</summary>
    public static CpuSplit Begin(params IEnumerable<(string Name, int Id)> processes) => new([.. processes.Select(p => (p.Name, p.Id, ProcessUse.CpuSeconds(p.Id)))]);

    /// <summary>CPU seconds of each process since the begin.</summary>
    public IReadOnlyList<(string Name, double Seconds)> End() => [.. _processes.Select(p => (p.Name, ProcessUse.CpuSeconds(p.Id) - p.Before))];

    /// <summary>Reports medians over several runs.</summary>
    public static void Report(Report report, string figure, IEnumerable<IReadOnlyList<(string Name, double Seconds)>> runs)
    {
        foreach (var process in runs.SelectMany(run => run).GroupBy(p => p.Name, StringComparer.Ordinal))
        {
            report.Info($"{figure}: CPU of {process.Key}", process.Select(p => p.Seconds).Median(), "CPU s");
        }
    }
}
