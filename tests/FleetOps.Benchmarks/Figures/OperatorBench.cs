using FleetOps.Benchmarks.Planning;
using FleetOps.Benchmarks.Processes;
using FleetOps.Benchmarks.Reports;

namespace FleetOps.Benchmarks.Figures;

/// <summary>Measures the figures of the operator, one after another. Those at rest share one fleet, which grows.</summary>
internal static class OperatorBench
{
    private const string Burst = "burst";
    private const string Change = "change";
    private const string Steady = "steady";
    private const string Restart = "restart";
    private const string Memory = "memory";
    private const string Scrape = "scrape";
    private const string Start = "start";
    private const string Planner = "planner";
    private const string Failover = "failover";
    private const int Changes = 200;
    private const int UsualCount = 1000;

    // Fleets in multiples of the smallest one, with the MB that an operator may have at the usual count.
    private const int Medium = 5;
    private static readonly (int Times, double Megabytes)[] Sizes = [(1, 90), (Medium, 170), (10, 280)];

    /// <summary>The names by which figures are chosen.</summary>
    public static IReadOnlyList<string> Names { get; } = [Planner, Start, Burst, Failover, Memory, Change, Restart, Scrape, Steady];

    public static async Task<int> RunAsync(BenchOptions options, CancellationToken cancel)
    {
        if (options.Only.FirstOrDefault(name => !Names.Contains(name)) is { } unknown)
        {
            throw new InvalidOperationException($"'{unknown}' is no figure; choose from {string.Join(", ", Names)}.");
        }

        var report = new Report("operator");
        try
        {
            await MeasureAsync(report, options, cancel);
        }
        finally
        {
            report.Close();
        }

        return 0;
    }

    private static async Task MeasureAsync(Report report, BenchOptions options, CancellationToken cancel)
    {
        bool Wants(params IEnumerable<string> names) => options.Only.Count == 0 || options.Only.Intersect(names, StringComparer.Ordinal).Any();
        var program = await ShippedProgram.Operator.FindAsync(options.Jit, cancel);
        if (Wants(Planner))
        {
            PlannerFigure.Measure(report);
        }

        if (Wants(Start))
        {
            await new StartFigure(report, program).MeasureAsync(cancel);
        }

        if (Wants(Burst))
        {
            await new BurstFigure(report, program, options.Count, options.Runs).MeasureAsync(cancel);
        }

        if (Wants(Failover))
        {
            await new FailoverFigure(report, program).MeasureAsync(cancel);
        }

        if (!Wants(Memory, Change, Restart, Scrape, Steady))
        {
            return;
        }

        await using var fleet = await RunningFleet.StartAsync(program, cancel);
        var memory = new MemoryFigure(report);
        foreach (var (times, megabytes) in Sizes.Where(size => size.Times == Medium || Wants(Memory)))
        {
            await fleet.GrowAsync(options.Count * times, cancel);
            if (Wants(Memory))
            {
                await memory.MeasureAsync(fleet, options.Count == UsualCount ? megabytes : null, cancel);
            }

            if (times == Medium)
            {
                await MeasureMediumAsync(report, fleet, options, name => Wants(name), cancel);
            }
        }
    }

    private static async Task MeasureMediumAsync(Report report, RunningFleet fleet, BenchOptions options, Func<string, bool> wants, CancellationToken cancel)
    {
        if (wants(Steady))
        {
            await new SteadyFigure(report, fleet, TimeSpan.FromMinutes(options.Minutes)).MeasureAsync(cancel);
        }

        if (wants(Scrape))
        {
            await new ScrapeFigure(report, fleet).MeasureAsync(cancel);
        }

        if (wants(Change))
        {
            await new ChangeFigure(report, fleet, Changes).MeasureAsync(cancel);
        }

        if (wants(Restart))
        {
            await new RestartFigure(report, fleet).MeasureAsync(cancel);
        }
    }
}
