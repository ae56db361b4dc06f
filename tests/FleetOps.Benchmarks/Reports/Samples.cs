namespace FleetOps.Benchmarks.Reports;

/// <summary>Order statistics by nearest rank.</summary>
internal static class Samples
{
    public static double Median(this IEnumerable<double> values) => Percentile(values, 50);

    /// <summary>The smallest value that at least <paramref name="percent"/> % of the values do not exceed.</summary>
    public static double Percentile(this IEnumerable<double> values, double percent)
    {
        var sorted = values.Order().ToArray();
        return sorted[Math.Clamp((int)Math.Ceiling(percent / 100 * sorted.Length) - 1, 0, sorted.Length - 1)];
    }
}
