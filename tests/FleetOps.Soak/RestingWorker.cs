using System.Globalization;

namespace FleetOps.Soak;

/// <summary>What a worker holds once nobody asks it for anything.</summary>
/// <param name="MemoryMegabytes">Resident memory in MB (10^6 bytes).</param>
/// <param name="Descriptors">Open files and connections.</param>
internal sealed record RestingWorker(double MemoryMegabytes, int Descriptors)
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(60);

    // What must be 0, and how many slots must be free.
    private static readonly (string Metric, double Value)[] AtRest =
    [
        ("fleetops_inference_requests_running", 0), ("fleetops_inference_requests_waiting", 0), ("fleetops_inference_kv_cache_usage", 0), ("fleetops_worker_calls_open", 0),
        ("fleetops_inference_slots_free", SoakTarget.Slots),
    ];

    /// <summary>Waits until the counters say that nothing is held.</summary>
    /// <exception cref="SoakException">Something is held still after a minute, and the message says what.</exception>
    public static async Task<RestingWorker> WaitAsync(SoakTarget target, CancellationToken cancel)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var metrics = await target.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative), cancel);
            var held = AtRest.Select(expected => (expected.Metric, expected.Value, Actual: Value(metrics, expected.Metric))).Where(one => one.Actual != one.Value).ToArray();
            if (held.Length == 0)
            {
                return new(Megabytes(target.ProcessId), Directory.GetFiles(string.Create(CultureInfo.InvariantCulture, $"/proc/{target.ProcessId}/fd")).Length);
            }

            if (TimeProvider.System.GetElapsedTime(began) > LongestWait)
            {
                throw new SoakException(string.Join(", ", held.Select(one => string.Create(CultureInfo.InvariantCulture, $"{one.Metric} is {one.Actual} and not {one.Value}"))));
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), cancel);
        }
    }

    private static double Value(string metrics, string name) => metrics.Split('\n')
        .Where(line => line.StartsWith(name, StringComparison.Ordinal) && line.Length > name.Length && line[name.Length] is ' ' or '{')
        .Select(line => line[(line.LastIndexOf('}') + 1)..].Replace(name, "", StringComparison.Ordinal).TrimStart().Split(' ')[0])
        .Sum(text => double.Parse(text, CultureInfo.InvariantCulture));

    private static double Megabytes(int id)
    {
        var line = File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{id}/status")).Single(text => text.StartsWith("VmRSS:", StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) * 1.024 / 1000;
    }
}
