using FleetOps.Benchmarks.Processes;
using FleetOps.Benchmarks.Reports;

namespace FleetOps.Benchmarks.Worker.Figures;

/// <summary>Measures the figures of the worker, one after another, against llama.cpp's own programs of the same release.</summary>
internal static class WorkerBench
{
    private static readonly (string Name, Func<Report, string, WorkerBenchOptions, CancellationToken, Task> Measure)[] Figures =
    [
        .. ThroughputFigure.Counts.Select(count => Figure($"throughput-{count}", (report, program, options, cancel) => new ThroughputFigure(report, program, count, options.Runs).MeasureAsync(cancel))),
        Figure("shared-prefix", (report, program, options, cancel) => new SharedPrefixFigure(report, program, options.Runs).MeasureAsync(cancel)),
        Figure("chat", (report, program, options, cancel) => new ChatFigure(report, program, options.Runs).MeasureAsync(cancel)),
        Figure("long-prompt", (report, program, options, cancel) => new LongPromptFigure(report, program, options.Runs).MeasureAsync(cancel)),
        Figure("overhead", (report, program, options, cancel) => new OverheadFigure(report, program, options.Runs).MeasureAsync(cancel)),
        Figure("telemetry", (report, program, options, cancel) => new TelemetryFigure(report, program, options.Runs).MeasureAsync(cancel)),
        Figure("start-up", (report, program, options, cancel) => new StartUpFigure(report, program, options.Runs).MeasureAsync(cancel)),
        Figure("memory", (report, program, options, cancel) => new ResidentFigure(report, program, options.Requests).MeasureBeyondBuffersAsync(cancel)),
        Figure("growth", (report, program, options, cancel) => new ResidentFigure(report, program, options.Requests).MeasureGrowthAsync(cancel)),
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
                Progress.Say($"measuring {figure.Name}");
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

    private static (string Name, Func<Report, string, WorkerBenchOptions, CancellationToken, Task> Measure) Figure(
        string name, Func<Report, string, WorkerBenchOptions, CancellationToken, Task> measure) => (name, measure);
}
