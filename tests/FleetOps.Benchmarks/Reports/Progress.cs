using System.Diagnostics;
using System.Globalization;

namespace FleetOps.Benchmarks.Reports;

/// <summary>Tells the person at the terminal how far the run is.</summary>
internal static class Progress
{
    private static readonly long Began = Stopwatch.GetTimestamp();

    public static void Say(string text) =>
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"[{Stopwatch.GetElapsedTime(Began).TotalSeconds,6:0.0} s] {text}"));
}
