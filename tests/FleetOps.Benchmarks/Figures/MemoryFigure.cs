using System.Globalization;
using FleetOps.Benchmarks.Processes;
using FleetOps.Benchmarks.Reports;

namespace FleetOps.Benchmarks.Figures;

/// <summary>Resident memory of the process that has lived through the fleet's growth, once nothing has moved for half a minute.</summary>
internal sealed class MemoryFigure(Report report)
{
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(30);

    private (int Count, double Megabytes)? _smallest;

    /// <param name="fleet">The fleet, grown.</param>
    /// <param name="goal">MB that the process may have; null where there is no goal for such a size.</param>
    /// <param name="cancel">Gives up.</param>
    public async Task MeasureAsync(RunningFleet fleet, double? goal, CancellationToken cancel)
    {
        await fleet.SettleAsync(cancel);
        await Task.Delay(Settling, cancel);
        var id = fleet.Operator.Id;
        var resident = ProcessUse.Megabytes(id, "VmRSS");
        var size = string.Create(CultureInfo.InvariantCulture, $"memory at {fleet.Count} ready");
        if (goal is { } most)
        {
            report.AtMost($"{size}: resident (VmRSS)", resident, "MB", most);
        }
        else
        {
            report.Info($"{size}: resident (VmRSS)", resident, "MB");
        }

        report.Info($"{size}: of it anonymous (RssAnon)", ProcessUse.Megabytes(id, "RssAnon"), "MB");
        report.Info($"{size}: peak of the process so far (VmHWM)", ProcessUse.Megabytes(id, "VmHWM"), "MB");
        if (_smallest is { } smallest && smallest.Count < fleet.Count)
        {
            report.Info($"{size}: growth for each since {smallest.Count.ToString(CultureInfo.InvariantCulture)}", (resident - smallest.Megabytes) * 1000 / (fleet.Count - smallest.Count), "kB");
        }

        _smallest ??= (fleet.Count, resident);
    }
}
