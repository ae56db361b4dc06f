using System.Collections.Concurrent;
using Microsoft.Extensions.Time.Testing;

namespace FleetOps.ModelStore.Tests.Support;

/// <summary>Keeps every report, and moves the clock by what the fetcher says it waits, so that pauses cost no time.</summary>
public sealed class RecordedProgress(FakeTimeProvider? clock = null) : IProgress<FetchProgress>
{
    private FetchFault? _last;

    public ConcurrentQueue<FetchProgress> Reports { get; } = new();

    public ConcurrentQueue<FetchFault> Faults { get; } = new();

    /// <summary>Called with each report, before the clock moves.</summary>
    public Action<FetchProgress>? Watch { get; set; }

    public void Report(FetchProgress value)
    {
        Reports.Enqueue(value);
        Watch?.Invoke(value);
        if (value.LastFault is { } fault && !ReferenceEquals(fault, _last))
        {
            _last = fault;
            Faults.Enqueue(fault);
            clock?.Advance(fault.RetryIn);
        }
    }
}
