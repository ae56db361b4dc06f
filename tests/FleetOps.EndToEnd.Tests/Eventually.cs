using System.Diagnostics;

namespace FleetOps.EndToEnd.Tests;

/// <summary>Awaits what a cluster reaches in its own time.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    /// <summary>Observes until the condition holds, and fails with the last observation when it does not within the limit.</summary>
    /// <returns>The observation that satisfied the condition, and how long it took.</returns>
    public static async Task<(T Value, TimeSpan Elapsed)> HoldsAsync<T>(Func<Task<T>> observe, Func<T, bool> condition, TimeSpan limit, string expectation)
    {
        var start = Stopwatch.GetTimestamp();
        while (true)
        {
            var value = await observe();
            var elapsed = Stopwatch.GetElapsedTime(start);
            if (condition(value))
            {
                return (value, elapsed);
            }

            if (elapsed > limit)
            {
                Assert.Fail($"{expectation} did not hold within {limit.TotalSeconds:F0} s; last seen:\n{value}");
            }

            await Task.Delay(Interval, TestContext.Current.CancellationToken);
        }
    }
}
