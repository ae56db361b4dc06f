using System.Diagnostics;
using System.Globalization;
using FleetOps.Benchmarks.Processes;

namespace FleetOps.Benchmarks.Worker.Load;

/// <summary>How much of the machine others used while something was measured. ggml's threads wait for one another, so a foreign busy core costs most of the speed.</summary>
internal sealed class ForeignCpu
{
    private const double TicksPerSecond = 100;

    private readonly IReadOnlyList<int> _own;
    private readonly long _began = Stopwatch.GetTimestamp();
    private readonly double _before;

    private ForeignCpu(IReadOnlyList<int> own)
    {
        _own = own;
        _before = Foreign();
    }

    /// <summary>Begins to count.</summary>
    /// <param name="own">The processes under measurement; this one is added, and its children that end meanwhile.</param>
    public static ForeignCpu Begin(params IEnumerable<int> own) => new([.. own]);

    /// <summary>Cores that others used on average since the begin.</summary>
    public double Cores() => Math.Max(0, Foreign() - _before) / Stopwatch.GetElapsedTime(_began).TotalSeconds;

    private double Foreign() => Busy() - _own.Sum(ProcessUse.CpuSeconds) - ProcessUse.CpuSecondsWithChildren(Environment.ProcessId);

    private static double Busy()
    {
        // user, nice, system, idle, iowait, irq, softirq, steal: what is neither idle nor waiting is busy.
        var fields = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..9].Select(text => double.Parse(text, CultureInfo.InvariantCulture)).ToArray();
        return (fields.Sum() - fields[3] - fields[4]) / TicksPerSecond;
    }
}
