namespace FleetOps.InferenceWorker.Serving;

/// <summary>
/// Gives memory back after a burst of calls: once little has been allocated for a while since much was, everything is collected
/// and compacted. A worker at rest would else keep what its busiest minute took, for nothing ever asks the collector to look again.
/// </summary>
internal sealed class IdleCollection(TimeProvider clock) : BackgroundService
{
    private const long Much = 32 * 1024 * 1024;
    private const long Little = 1024 * 1024;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        var (last, collected) = (GC.GetTotalAllocatedBytes(), 0L);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                var now = GC.GetTotalAllocatedBytes();
                if (now - last <= Little && now - collected >= Much)
                {
                    GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                    collected = now;
                }

                last = now;
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }
}
