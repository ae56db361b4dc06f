using Microsoft.Extensions.Hosting;

namespace FleetOps.ControllerRuntime.Hosting;

/// <summary>
/// Gives memory back after a burst: once little has been allocated for a while since much was, everything is collected and compacted. A
/// program at rest would else keep what its busiest minute took, for nothing ever asks the collector to look again.
/// </summary>
/// <param name="time">Clock of the looks.</param>
/// <param name="allocated">Bytes allocated since the start of the process.</param>
/// <param name="collect">Collects, compacts and returns memory to the system.</param>
internal sealed class IdleCollection(TimeProvider time, Func<long> allocated, Action collect) : BackgroundService
{
    private const long Much = 32 * 1024 * 1024;
    private const long Little = 2 * 1024 * 1024;

    /// <summary>Between two looks.</summary>
    public static TimeSpan Interval { get; } = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        var (last, collected) = (allocated(), 0L);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            {
                var now = allocated();
                if (now - last <= Little && now - collected >= Much)
                {
                    collect();
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
