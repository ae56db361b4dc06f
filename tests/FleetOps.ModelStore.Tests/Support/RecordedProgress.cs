using System.Collections.Concurrent;
using Microsoft.Extensions.Time.Testing;

namespace FleetOps.ModelStore.Tests.Support;

/// <summary>Keeps every report, and moves the clock by what the fetcher says it waits, so that pauses cost no time.</summary>
public sealed class RecordedProgress(FakeTimeProvider? clock = null) : IProgress<FetchProgress>
{
    private readonly Lock _gate = new();
    private readonly List<(long Bytes, TaskCompletionSource Reached)> _waiting = [];
    private FetchFault? _last;
    private long _bytes;

    public ConcurrentQueue<FetchProgress> Reports { get; } = new();

    public ConcurrentQueue<FetchFault> Faults { get; } = new();

    /// <summary>Called with each report, before the clock moves.</summary>
    public Action<FetchProgress>? Watch { get; set; }

    /// <summary>Completes when the fetcher has so many bytes.</summary>
    public Task ReachedAsync(long bytes)
    {
        lock (_gate)
        {
            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (bytes <= _bytes)
            {
                reached.SetResult();
            }
            else
            {
                _waiting.Add((bytes, reached));
            }

            return reached.Task;
        }
    }

    public void Report(FetchProgress value)
    {
        Reports.Enqueue(value);
        lock (_gate)
        {
            _bytes = value.Phase == FetchPhase.Fetching ? value.FetchedBytes : 0;
            _waiting.RemoveAll(waiting => waiting.Bytes <= _bytes && waiting.Reached.TrySetResult());
        }

        Watch?.Invoke(value);
        if (value.LastFault is { } fault && !ReferenceEquals(fault, _last))
        {
            _last = fault;
            Faults.Enqueue(fault);
            clock?.Advance(fault.RetryIn);
        }
    }
}
