namespace FleetOps.ControllerRuntime.Informers;

/// <summary>How long an informer waits after a fault: doubles with each in a row, spread at random by a half either way.</summary>
internal sealed class RetryDelay(InformerOptions options)
{
    private int _faults;
    private bool _expired;

    public void Reset()
    {
        _faults = 0;
        _expired = false;
    }

    public TimeSpan Next() => Next(options.MaxBackoff);

    public TimeSpan Next(TimeSpan max)
    {
        var raw = Math.Min(options.MinBackoff.TotalSeconds * Math.Pow(2, Math.Min(_faults++, 30)), max.TotalSeconds);
        return TimeSpan.FromSeconds(raw * (0.5 + Jitter.Next()));
    }

    /// <summary>Expiry is cured by listing at once; expiry again and again is a fault like any other.</summary>
    public TimeSpan Expired()
    {
        var again = _expired;
        _expired = true;
        return again ? Next() : TimeSpan.Zero;
    }
}
