using System.Globalization;
using FleetOps.InferenceWorker.Engine.Threads;

namespace FleetOps.InferenceWorker.Memory;

/// <summary>The main memory that the container may use.</summary>
internal static class MemoryLimit
{
    /// <summary>The limit in bytes; null if there is none.</summary>
    public static long? Read() => Read(ControlGroups.Membership, ControlGroups.Root, Kibibytes("/proc/meminfo", "SwapTotal:"));

    /// <summary>
    /// Reads the tightest limit on the way from the process's own group to the root, for cgroup v2 and v1. What may be swapped out counts on top: a worker
    /// that swaps is slow, but it works.
    /// </summary>
    /// <param name="membership">The file that names the groups of the process.</param>
    /// <param name="root">Where the control groups are mounted.</param>
    /// <param name="swapBytes">The swap of the machine.</param>
    internal static long? Read(string membership, string root, long swapBytes)
    {
        long? tightest = null;
        foreach (var (folder, version) in ControlGroups.Of(membership, root, "memory"))
        {
            var limit = Bytes(folder, version == 2 ? "memory.max" : "memory.limit_in_bytes");
            limit += Math.Min(swapBytes, (version == 2 ? Bytes(folder, "memory.swap.max") : null) ?? swapBytes);
            if (limit is { } bytes && (tightest is null || bytes < tightest))
            {
                tightest = bytes;
            }
        }

        return tightest;
    }

    /// <summary>What this process holds that the kernel cannot take back, in bytes; 0 where the system does not tell.</summary>
    public static long OwnBytes() => Kibibytes("/proc/self/status", "RssAnon:");

    private static long Kibibytes(string path, string field)
    {
        foreach (var line in (ControlGroups.ReadOrNull(path) ?? "").Split('\n'))
        {
            if (line.StartsWith(field, StringComparison.Ordinal))
            {
                var number = line[field.Length..].Trim().Split(' ')[0];
                return long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var kibibytes) ? kibibytes * 1024 : 0;
            }
        }

        return 0;
    }

    // Version 1 writes the largest multiple of a page that fits where there is no limit.
    private static long? Bytes(string folder, string name) =>
        long.TryParse(ControlGroups.ReadOrNull(Path.Combine(folder, name))?.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var bytes)
        && bytes < long.MaxValue / 2
            ? bytes
            : null;
}
