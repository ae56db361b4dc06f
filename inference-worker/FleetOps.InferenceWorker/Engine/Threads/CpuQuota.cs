using System.Globalization;

namespace FleetOps.InferenceWorker.Engine.Threads;

/// <summary>
/// The CPU time that the container may use. llama.cpp's threads spin at barriers: one more thread than the quota allows
/// makes all of them wait for the throttled one, so the default count of threads stays at or below it.
/// </summary>
internal static class CpuQuota
{
    /// <summary>
    /// Weights that a thread must have to work on. With less, threads wait for one another longer than they compute: a
    /// model of 4 MB is slower with two threads than with one, and many times slower beside a busy neighbour.
    /// </summary>
    private const long WeightBytesPerThread = 32L << 20;

    /// <summary>How many threads compute by default: whole CPUs of the quota, at most those that the process may run on, no more than the weights keep busy, at least 1.</summary>
    public static int DefaultThreads(long weightBytes) => Threads(Read(ControlGroups.Membership, ControlGroups.Root), Environment.ProcessorCount, weightBytes);

    /// <summary>How many threads may compute at most: whole CPUs of the quota, at most those that the process may run on, at least 1.</summary>
    public static int MaxThreads() => Threads(Read(ControlGroups.Membership, ControlGroups.Root), Environment.ProcessorCount, long.MaxValue);

    internal static int Threads(double? quota, int processors, long weightBytes)
    {
        var cpus = quota is { } share ? Math.Min(processors, (int)Math.Floor(share + 1e-6)) : processors;
        return (int)Math.Max(1, Math.Min(cpus, weightBytes / WeightBytesPerThread));
    }

    /// <summary>
    /// Reads the tightest quota on the way from the process's own group to the root, for cgroup v2 and v1.
    /// </summary>
    /// <param name="membership">The file that names the groups of the process.</param>
    /// <param name="root">Where the control groups are mounted.</param>
    /// <returns>The quota in CPUs; null if there is none or it cannot be read.</returns>
    internal static double? Read(string membership, string root)
    {
        double? tightest = null;
        foreach (var (folder, version) in ControlGroups.Of(membership, root, "cpu"))
        {
            var quota = version == 2
                ? ParseCpuMax(ControlGroups.ReadOrNull(Path.Combine(folder, "cpu.max")))
                : Ratio(ControlGroups.ReadOrNull(Path.Combine(folder, "cpu.cfs_quota_us")), ControlGroups.ReadOrNull(Path.Combine(folder, "cpu.cfs_period_us")));
            if (quota is { } cpus && (tightest is null || cpus < tightest))
            {
                tightest = cpus;
            }
        }

        return tightest;
    }

    private static double? ParseCpuMax(string? text)
    {
        var parts = (text ?? "").Split(' ', '\n');
        return parts.Length >= 2 ? Ratio(parts[0], parts[1]) : null;
    }

    private static double? Ratio(string? quota, string? period) =>
        double.TryParse(quota, NumberStyles.Integer, CultureInfo.InvariantCulture, out var time)
        && double.TryParse(period, NumberStyles.Integer, CultureInfo.InvariantCulture, out var per)
        && time > 0 && per > 0
            ? time / per
            : null;
}
