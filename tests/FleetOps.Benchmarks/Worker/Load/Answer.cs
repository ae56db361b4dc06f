using System.Diagnostics;

namespace FleetOps.Benchmarks.Worker.Load;

/// <summary>What a client saw of one request.</summary>
/// <param name="SentAt">Timestamp of <see cref="Stopwatch"/> just before it was sent.</param>
/// <param name="Arrivals">Timestamps of the messages that brought tokens.</param>
/// <param name="EndedAt">Timestamp of its end.</param>
/// <param name="Count">Tokens that were generated.</param>
/// <param name="Tokens">The tokens, if they were asked for.</param>
internal sealed record Answer(long SentAt, IReadOnlyList<long> Arrivals, long EndedAt, int Count, IReadOnlyList<int> Tokens)
{
    /// <summary>From sending it to the first token, in milliseconds.</summary>
    public double FirstTokenMilliseconds => Stopwatch.GetElapsedTime(SentAt, Arrivals[0]).TotalMilliseconds;

    /// <summary>The longest wait between two tokens that arrived one after the other, in milliseconds, counting only waits that end after a moment.</summary>
    public double LongestGapMilliseconds(long since = 0)
    {
        var longest = TimeSpan.Zero;
        for (var i = 1; i < Arrivals.Count; i++)
        {
            var gap = Stopwatch.GetElapsedTime(Arrivals[i - 1], Arrivals[i]);
            longest = Arrivals[i] >= since && gap > longest ? gap : longest;
        }

        return longest.TotalMilliseconds;
    }
}
