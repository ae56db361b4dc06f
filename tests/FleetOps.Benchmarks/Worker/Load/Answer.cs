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
}
