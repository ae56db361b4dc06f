using System.Diagnostics;
using System.Globalization;
using FleetOps.Benchmarks.Cluster;
using FleetOps.Benchmarks.Processes;
using FleetOps.Benchmarks.Reports;

namespace FleetOps.Benchmarks.Figures;

/// <summary>What an operator does while nothing happens: writes it sends, Leases excluded, and CPU it uses.</summary>
internal sealed class SteadyFigure(Report report, RunningFleet fleet, TimeSpan duration)
{
    private const int MostWaits = 30;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(20);

    public async Task MeasureAsync(CancellationToken cancel)
    {
        await fleet.SettleAsync(cancel);
        await UntilEventsAreToldAsync(cancel);
        Progress.Say(string.Create(CultureInfo.InvariantCulture, $"watching {fleet.Count} ModelDeployments at rest for {duration.TotalMinutes:0.#} min"));
        var mark = fleet.Cluster.Audit.Mark();
        var cpu = ProcessUse.CpuSeconds(fleet.Operator.Id);
        var began = Stopwatch.GetTimestamp();
        await Task.Delay(duration, cancel);
        var writes = fleet.Cluster.Audit.Since(mark);
        var took = Stopwatch.GetElapsedTime(began);
        var size = string.Create(CultureInfo.InvariantCulture, $"steady state of {fleet.Count}");
        report.AtMost($"{size}: writes, Leases excluded", writes.Count, "requests", 0);
        AuditedWrite.Report(report, size, writes);
        report.Info($"{size}: watched for", took.TotalMinutes, "min");
        report.Info($"{size}: CPU of the operator", (ProcessUse.CpuSeconds(fleet.Operator.Id) - cpu) / took.TotalSeconds * 100, "% of a core");
    }

    // Events of a fleet that was just made are held back to 20 a second and go on for minutes after the last child.
    private async Task UntilEventsAreToldAsync(CancellationToken cancel)
    {
        for (var tries = 0; tries < MostWaits; tries++)
        {
            var mark = fleet.Cluster.Audit.Mark();
            await Task.Delay(Pause, cancel);
            if (fleet.Cluster.Audit.Since(mark).Count == 0)
            {
                return;
            }
        }

        Progress.Say("the operator still writes; it is watched all the same");
    }
}
