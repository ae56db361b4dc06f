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
            // The last look begins after the limit: a machine that stood still in the meantime has had its chance.
            var isLast = Stopwatch.GetElapsedTime(start) > limit;
            try
            {
                var value = await observe();
                if (condition(value))
                {
                    return (value, Stopwatch.GetElapsedTime(start));
                }

                if (isLast)
                {
                    Assert.Fail($"{expectation} did not hold within {limit.TotalSeconds:F0} s; last seen:\n{value}");
                }
            }
            catch (CommandFailedException) when (!isLast)
            {
                // The API server may be busy, or be starting again.
            }

            await Task.Delay(Interval, TestContext.Current.CancellationToken);
        }
    }
}
