namespace FleetOps.InferenceWorker.Services;

/// <summary>Ends a request that takes longer than any may. Thread-safe.</summary>
internal sealed class RequestBound : IDisposable
{
    private readonly ITimer _timer;
    private volatile bool _passed;

    /// <summary>Counts from now on.</summary>
    public RequestBound(TimeSpan limit, TimeProvider clock, Action end) => _timer = clock.CreateTimer(
        _ =>
        {
            _passed = true;
            end();
        },
        state: null,
        limit,
        Timeout.InfiniteTimeSpan);

    /// <summary>Whether the request was ended for its time.</summary>
    public bool Passed => _passed;

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();
}
