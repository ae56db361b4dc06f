using System.Diagnostics;
using System.Globalization;
using FleetOps.Benchmarks.Cluster;
using FleetOps.Benchmarks.Fleet;
using FleetOps.Benchmarks.Processes;
using FleetOps.Benchmarks.Reports;

namespace FleetOps.Benchmarks.Figures;

/// <summary>
/// The operator ended by SIGTERM and started again. It has caught up when it leads, its queue is empty, no worker is busy, and a change that was
/// made just before its start has reached the child. Writes are all that the API server logged until 15 s later, without those of that one change.
/// </summary>
internal sealed class RestartFigure(Report report, RunningFleet fleet)
{
    private const double Goal = 10;
    private static readonly TimeSpan Aftermath = TimeSpan.FromSeconds(15);

    public async Task MeasureAsync(CancellationToken cancel)
    {
        await fleet.SettleAsync(cancel);
        var size = string.Create(CultureInfo.InvariantCulture, $"restart with {fleet.Count}");
        var ending = Stopwatch.GetTimestamp();
        await fleet.Operator.EndAsync(cancel);
        report.Info($"{size}: SIGTERM to its end", Stopwatch.GetElapsedTime(ending).TotalSeconds, "s");

        var (ns, name) = (FleetNames.NamespaceOf(fleet.Count - 1), FleetNames.NameOf(fleet.Count - 1));
        var canary = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        fleet.DeploymentChanged = change =>
        {
            if (change.Namespace == ns && change.Name == name && change.Type == "MODIFIED")
            {
                canary.TrySetResult(change.At);
            }
        };
        await fleet.Cluster.Admin.MergeAsync(FleetNames.ModelPath(ns, name), """{"spec":{"replicas":7}}""", cancel);
        var mark = fleet.Cluster.Audit.Mark();
        var again = await fleet.StartAgainAsync();
        await again.UntilReadyAsync(cancel);
        var ready = Stopwatch.GetElapsedTime(again.StartedAt);
        await again.UntilLeadingAsync(cancel);
        var leads = Stopwatch.GetElapsedTime(again.StartedAt);
        var seen = Stopwatch.GetElapsedTime(again.StartedAt, await canary.Task.WaitAsync(TimeSpan.FromMinutes(2), cancel));
        await again.UntilCaughtUpAsync(cancel);
        var idle = Stopwatch.GetElapsedTime(again.StartedAt);
        var cpu = ProcessUse.CpuSeconds(again.Id);
        fleet.DeploymentChanged = null;
        await Task.Delay(Aftermath, cancel);
        // An event is named by what it is about and a number.
        var writes = fleet.Cluster.Audit.Since(mark)
            .Where(w => w.Namespace != ns || (w.Name.Length > 0 && w.Name != name && !w.Name.StartsWith(name + ".", StringComparison.Ordinal)))
            .ToList();
        report.AtMost($"{size}: process start to caught up", Math.Max(idle.TotalSeconds, seen.TotalSeconds), "s", Goal);
        report.Info($"{size}: process start to ready", ready.TotalSeconds, "s");
        report.Info($"{size}: process start to leading", leads.TotalSeconds, "s");
        report.Info($"{size}: process start to the waiting change carried out", seen.TotalSeconds, "s");
        report.Info($"{size}: CPU of the operator until caught up", cpu, "CPU s");
        report.AtMost($"{size}: writes caused, Leases excluded", writes.Count, "requests", 0);
        AuditedWrite.Report(report, size, writes);
        await fleet.RestoreAsync([fleet.Count - 1], cancel);
        report.Info($"{size}: resident afterwards", ProcessUse.Megabytes(again.Id, "VmRSS"), "MB");
        report.Info($"{size}: peak resident (VmHWM)", ProcessUse.Megabytes(again.Id, "VmHWM"), "MB");
    }
}
