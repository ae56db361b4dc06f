using System.Globalization;

namespace FleetOps.Benchmarks.Processes;

/// <summary>What processes use, as /proc tells it.</summary>
internal static class ProcessUse
{
    private const double TicksPerSecond = 100;
    private const double KilobytesPerMegabyte = 1000;

    /// <summary>CPU seconds of a process since its start, user and system.</summary>
    public static double CpuSeconds(int id)
    {
        var text = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{id}/stat"));
        // The name in parentheses may hold spaces; utime and stime are the 14th and 15th field.
        var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
        return (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
    }

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
}
