using System.Globalization;

namespace FleetOps.Benchmarks.Processes;

/// <summary>What processes use, as /proc tells it.</summary>
internal static class ProcessUse
{
    private const double TicksPerSecond = 100;
    private const double KilobytesPerMegabyte = 1000;

    /// <summary>CPU seconds of a process since its start, user and system.</summary>
    public static double CpuSeconds(int id) => CpuSeconds(id, fields: 2);

    /// <summary>The same, with those of its children that have ended.</summary>
    public static double CpuSecondsWithChildren(int id) => CpuSeconds(id, fields: 4);

    /// <summary>A size in /proc/ID/status, in MB (10^6 bytes), such as VmRSS.</summary>
    public static double Megabytes(int id, string field)
    {
        foreach (var line in File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{id}/status")))
        {
            if (line.StartsWith(field + ":", StringComparison.Ordinal))
            {
                return double.Parse(line[(field.Length + 1)..].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture) * 1.024 / KilobytesPerMegabyte;
            }
        }

        throw new InvalidOperationException($"/proc/{id}/status has no {field}; the process may have ended.");
    }

    private static double CpuSeconds(int id, int fields)
    {
        var text = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{id}/stat"));
        // The name in parentheses may hold spaces; utime, stime, cutime and cstime are the fields from the 14th.
        return text[(text.LastIndexOf(')') + 2)..].Split(' ').Skip(11).Take(fields).Sum(ticks => double.Parse(ticks, CultureInfo.InvariantCulture)) / TicksPerSecond;
    }
}
