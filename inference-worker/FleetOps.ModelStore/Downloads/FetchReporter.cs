namespace FleetOps.ModelStore.Downloads;

/// <summary>Turns what a fetch does into reports, at most a few a second, with a rate that does not jump. Used by one fetch at a time.</summary>
internal sealed class FetchReporter(IProgress<FetchProgress>? progress, TimeProvider time, TimeSpan interval)
{
    private const double RateWindowSeconds = 3;
    private FetchPhase _phase = FetchPhase.Resolving;
    private long _bytes;
    private long? _total;
    private double _rate;
    private FetchFault? _fault;
    private long _reportedAt;
    private long _reportedBytes;
    private long _before;
    private bool _many;
    private long? _totalOfMany;

    /// <summary>From now on bytes are those of one of several files, and are told on top of those before it.</summary>
    /// <param name="before">Bytes of the files before it.</param>
    /// <param name="total">Bytes of all files; null when the source has not told.</param>
    public void BeginFile(long before, long? total) => (_before, _many, _totalOfMany) = (before, true, total);

    /// <summary>Begins a phase.</summary>
    public void Enter(FetchPhase phase, long bytes = 0, long? total = null)
    {
        // From one file to the next a rate goes on.
        _rate = phase == _phase && _many ? _rate : 0;
        (_phase, _bytes, _total) = (phase, _before + bytes, _many ? _totalOfMany : total);
        (_reportedAt, _reportedBytes) = (time.GetTimestamp(), _bytes);
        Report();
    }

    /// <summary>Tells how many bytes are in hand now.</summary>
    public void Advance(long bytes)
    {
        bytes += _before;
        if (bytes > _bytes)
        {
            _fault = null;
        }

        _bytes = bytes;
        TimeSpan since = time.GetElapsedTime(_reportedAt);
        if (since < interval)
        {
            return;
        }

        if (since > TimeSpan.Zero)
        {
            double weight = 1 - Math.Exp(-since.TotalSeconds / RateWindowSeconds);
            double now = Math.Max(0, _bytes - _reportedBytes) / since.TotalSeconds;
            _rate = _rate == 0 ? now : _rate + weight * (now - _rate);
            (_reportedAt, _reportedBytes) = (time.GetTimestamp(), bytes);
        }

        Report();
    }

    /// <summary>Tells of a fault that the fetch goes on after.</summary>
    public void Fault(FetchFault fault)
    {
        _fault = fault;
        _rate = 0;
        (_reportedAt, _reportedBytes) = (time.GetTimestamp(), _bytes);
        Report();
    }

    private void Report() => progress?.Report(new FetchProgress(_phase, _bytes, _total, _rate, _fault));
}
