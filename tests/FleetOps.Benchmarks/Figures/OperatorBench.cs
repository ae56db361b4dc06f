using FleetOps.Benchmarks.Processes;
using FleetOps.Benchmarks.Reports;

namespace FleetOps.Benchmarks.Figures;

/// <summary>Measures the figures of the operator, one after another.</summary>
internal static class OperatorBench
{
    private const string Burst = "burst";
    private const string Change = "change";
    private const int Changes = 200;
    private const int MediumFleet = 5;

    /// <summary>The names by which figures are chosen.</summary>
    public static IReadOnlyList<string> Names { get; } = [Burst, Change];

    public static async Task<int> RunAsync(BenchOptions options, CancellationToken cancel)
    {
        if (options.Only.FirstOrDefault(name => !Names.Contains(name)) is { } unknown)
        {
            throw new InvalidOperationException($"'{unknown}' is no figure; choose from {string.Join(", ", Names)}.");
        }

        var report = new Report("operator");
        try
        {
            var program = await OperatorProgram.FindAsync(options.Jit, cancel);
            if (Wants(options, Burst))
            {
                await new BurstFigure(report, program, options.Count, options.Runs).MeasureAsync(cancel);
            }

            if (Wants(options, Change))
            {
                await using var fleet = await RunningFleet.StartAsync(program, cancel);
                await fleet.GrowAsync(options.Count * MediumFleet, cancel);
                await new ChangeFigure(report, fleet, Changes).MeasureAsync(cancel);
            }
        }
        finally
        {
            report.Close();
        }

        return 0;
    }

    private static bool Wants(BenchOptions options, string name) => options.Only.Count == 0 || options.Only.Contains(name);
}
