namespace FleetOps.ModelStore;

/// <summary>A snapshot of a running fetch. Reported on each change of phase, on each fault, and a few times a second in between.</summary>
/// <param name="Phase">What the fetch is doing.</param>
/// <param name="FetchedBytes">Bytes in hand: downloaded, or hashed while verifying. Includes what an earlier process had downloaded.</param>
/// <param name="TotalBytes">Size of the file in bytes; null while the source has not told it.</param>
/// <param name="BytesPerSecond">Rate over the last seconds; 0 while nothing moves.</param>
/// <param name="LastFault">The last fault, until bytes arrive again; null while all is well.</param>
public sealed record FetchProgress(FetchPhase Phase, long FetchedBytes, long? TotalBytes, double BytesPerSecond, FetchFault? LastFault)
{
    /// <summary>Time left at the present rate; null while size or rate is unknown.</summary>
    public TimeSpan? EstimatedRemaining
    {
        get
        {
            if (TotalBytes is not { } total || BytesPerSecond < 1)
            {
                return null;
            }

            double seconds = Math.Max(0, total - FetchedBytes) / BytesPerSecond;
            return seconds < TimeSpan.MaxValue.TotalSeconds / 2 ? TimeSpan.FromSeconds(seconds) : null;
        }
    }
}
