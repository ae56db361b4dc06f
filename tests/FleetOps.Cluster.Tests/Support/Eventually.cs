using System.Diagnostics;

namespace FleetOps.Cluster.Tests.Support;

/// <summary>Awaits what becomes true some time.</summary>
internal static class Eventually
{
    // Long enough for a busy machine: only what never comes true waits so long.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <summary>Looks again and again until something is found, and tells how long that took.</summary>
    public static async Task<(T Found, TimeSpan After)> FindAsync<T>(string what, Func<Task<T?>> look, TimeSpan? limit = null)
        where T : class
    {
        var started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) < (limit ?? Limit))
        {
            if (await look() is { } found)
            {
                return (found, Stopwatch.GetElapsedTime(started));
            }

            await Task.Delay(TimeSpan.FromMilliseconds(10), TestContext.Current.CancellationToken);
        }

        Assert.Fail($"Not within {(limit ?? Limit).TotalSeconds:0.#} s: {what}.");
        throw new UnreachableException();
    }
}
