using System.Diagnostics;
using FleetOps.Benchmarks.Worker.Servers;

namespace FleetOps.Benchmarks.Worker.Load;

/// <summary>A stream that goes on until it is cancelled, and the moments at which its tokens arrived.</summary>
internal sealed class StreamWatch(IModelServer server, int[] prompt, int mostTokens)
{
    private readonly List<long> _arrivals = [];
    private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when a few tokens have arrived, so that the stream decodes.</summary>
    public Task Begun => _begun.Task;

    /// <summary>Reads until it is cancelled.</summary>
    /// <exception cref="InvalidOperationException">The stream came to its end before.</exception>
    public async Task RunAsync(CancellationToken cancel)
    {
        try
        {
            await server.AskAsync(new Ask(prompt, mostTokens) { Arrived = Add }, cancel);
            throw new InvalidOperationException($"A stream of {mostTokens} tokens ended before what it was watched for; give it more.");
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // That is its end.
        }
    }

    /// <summary>The longest wait for a token, in milliseconds, of those waits that lie between two moments or reach into the time between them.</summary>
    public double LongestWaitMilliseconds(long from, long to)
    {
        lock (_arrivals)
        {
            return _arrivals.Zip(_arrivals.Skip(1).Append(Stopwatch.GetTimestamp())).Where(wait => wait.Second >= from && wait.First <= to)
                .Max(wait => Stopwatch.GetElapsedTime(wait.First, wait.Second).TotalMilliseconds);
        }
    }

    private void Add(long arrival)
    {
        const int Few = 8;
        lock (_arrivals)
        {
            _arrivals.Add(arrival);
            if (_arrivals.Count == Few)
            {
                _begun.TrySetResult();
            }
        }
    }
}
