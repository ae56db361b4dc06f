using System.Diagnostics;
using FleetOps.Benchmarks.Cluster;
using FleetOps.Benchmarks.Processes;
using FleetOps.Benchmarks.Reports;

namespace FleetOps.Benchmarks.Figures;

/// <summary>From just before the process is started until /readyz answers 200, with an empty cluster, asked every 2 ms.</summary>
internal sealed class StartFigure(Report report, string program)
{
    private const double Goal = 0.5;
    private const int Starts = 5;

    public async Task MeasureAsync(CancellationToken cancel)
    {
        await using var cluster = await BenchCluster.StartAsync(cancel);
        List<double> ready = [], resident = [];
        // The first start reads the program from the disk and makes the API server warm.
        for (var start = 0; start <= Starts; start++)
        {
            await using var running = OperatorProcess.Start(program, cluster);
            await running.UntilReadyAsync(cancel);
            var took = Stopwatch.GetElapsedTime(running.StartedAt).TotalSeconds;
            await running.UntilLeadingAsync(cancel);
            if (start > 0)
            {
                ready.Add(took);
                resident.Add(ProcessUse.Megabytes(running.Id, "VmRSS"));
            }

            await running.EndAsync(cancel);
        }

        report.AtMost("start: process start to ready, empty cluster (median of 5)", ready.Median(), "s", Goal);
        report.Info("start: the slowest of them", ready.Max(), "s");
        report.Info("start: resident, empty cluster (median)", resident.Median(), "MB");
    }
}
