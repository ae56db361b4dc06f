using System.Diagnostics;
using System.Globalization;
using FleetOps.Benchmarks.Cluster;
using FleetOps.Benchmarks.Processes;
using FleetOps.Benchmarks.Reports;

namespace FleetOps.Benchmarks.Figures;

/// <summary>What an operator does while nothing happens: writes it sends, Leases excluded, and CPU it uses.</summary>
internal sealed class SteadyFigure(Report report, RunningFleet fleet, TimeSpan duration)
{
    public async Task MeasureAsync(CancellationToken cancel)
    {
        await fleet.SettleAsync(cancel);
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
}
