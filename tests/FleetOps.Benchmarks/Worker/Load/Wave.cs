using System.Diagnostics;
using FleetOps.Benchmarks.Reports;
using FleetOps.Benchmarks.Worker.Servers;

namespace FleetOps.Benchmarks.Worker.Load;

/// <summary>Requests that were sent at the same moment, and their answers.</summary>
internal sealed record Wave(double Seconds, IReadOnlyList<Answer> Answers)
{
    /// <summary>Generated tokens a second, from the first request to the last end.</summary>
    public double TokensPerSecond => Answers.Sum(answer => answer.Count) / Seconds;

    /// <summary>A percentile of the time to the first token, in milliseconds.</summary>
    public double FirstToken(double percent) => Answers.Select(answer => answer.FirstTokenMilliseconds).Percentile(percent);

    /// <summary>Sends requests at once, wave after wave; the pauses between the waves do not count.</summary>
    public static async Task<Wave> RunAsync(IModelServer server, IEnumerable<IReadOnlyList<Ask>> waves, CancellationToken cancel)
    {
        var answers = new List<Answer>();
        var seconds = 0.0;
        foreach (var asks in waves)
        {
            var began = Stopwatch.GetTimestamp();
            answers.AddRange(await Task.WhenAll(asks.Select(ask => server.AskAsync(ask, cancel))));
            seconds += Stopwatch.GetElapsedTime(began).TotalSeconds;
        }

        return new(seconds, answers);
    }
}
