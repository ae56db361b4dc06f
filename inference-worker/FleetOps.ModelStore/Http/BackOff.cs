namespace FleetOps.ModelStore.Http;

/// <summary>How long to wait before the next attempt.</summary>
internal static class BackOff
{
    /// <summary>Doubles from the first pause up to the bound; the upper half of each pause is random, so that replicas do not return in step.</summary>
    /// <param name="failures">Failures in a row, from 1.</param>
    /// <param name="first">Pause after the first failure.</param>
    /// <param name="bound">Longest pause.</param>
    /// <param name="random">From 0 up to 1.</param>
    public static TimeSpan Delay(int failures, TimeSpan first, TimeSpan bound, double random)
    {
        double doubled = first.TotalSeconds * Math.Pow(2, Math.Min(failures - 1, 40));
        double seconds = Math.Min(doubled, bound.TotalSeconds);
        return TimeSpan.FromSeconds(seconds / 2 + seconds / 2 * random);
    }
}
