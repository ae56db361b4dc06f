using FleetOps.Benchmarks.Processes;
using FleetOps.Benchmarks.Reports;

namespace FleetOps.Benchmarks.Worker.Figures;

/// <summary>Measures the figures of the worker, one after another, against llama.cpp's own programs of the same release.</summary>
internal static class WorkerBench
{
    private static readonly (string Name, Func<Report, string, WorkerBenchOptions, CancellationToken, Task> Measure)[] Figures =
    [
        .. ThroughputFigure.Counts.Select(count => ($"throughput-{count}", Measure((report, program, runs, cancel) => new ThroughputFigure(report, program, count, runs).MeasureAsync(cancel)))),
    ];

    /// <summary>The names by which figures are chosen.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Figures.Select(figure => figure.Name)];

    public static async Task<int> RunAsync(WorkerBenchOptions options, CancellationToken cancel)
    {
        var chosen = options.Only.Count == 0 ? [.. Names] : options.Only.SelectMany(Choose).ToHashSet(StringComparer.Ordinal);
        var program = await ShippedProgram.Worker.FindAsync(options.Jit, cancel);
        var report = new Report("worker");
        try
        {
            foreach (var figure in Figures.Where(figure => chosen.Contains(figure.Name)))
            {
                await figure.Measure(report, program, options, cancel);
            }
        }
        finally
        {
            report.Close();
        }

        return 0;
    }

    // A whole name means itself, though others may begin with it.
    private static IEnumerable<string> Choose(string name)
    {
        string[] matching = Names.Contains(name) ? [name] : [.. Names.Where(known => known.StartsWith(name, StringComparison.Ordinal))];
        return matching.Length > 0 ? matching : throw new InvalidOperationException($"'{name}' is no figure; choose from {string.Join(", ", Names)}.");
    }

    private static Func<Report, string, WorkerBenchOptions, CancellationToken, Task> Measure(Func<Report, string, int, CancellationToken, Task> measure) =>
        (report, program, options, cancel) => measure(report, program, options.Runs, cancel);
}
