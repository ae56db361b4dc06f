using FleetOps.Api;
using FleetOps.ControllerRuntime.Hosting;
using FleetOps.ControllerRuntime.Informers;
using FleetOps.ControllerRuntime.Leadership;
using FleetOps.ControllerRuntime.Metrics;

namespace FleetOps.Operator.ModelDeployments.Metrics;

/// <summary>
/// Has the gauges of all models and ModelCaches ready for the next scrape, which then takes no longer for ten thousand models than for ten: they are written anew
/// about a second after a change, as long as someone scrapes. Only the process that leads tells them, so that sums over all copies are right.
/// Reconciles know nothing of it. Thread-safe.
/// </summary>
internal sealed class ModelMetrics(IStore<ModelDeployment> models, IStore<ModelCache> caches, ModelStartups startups, LeaderElection election, ControllerRuntimeOptions runtime, TimeProvider time)
    : BackgroundService, IScrapeText
{
    // While something changes all the time, a twentieth of a core goes into it at most.
    private const int PauseForEach = 20;

    // A machine that stood still while they were written must not keep them stale for minutes.
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private volatile ScrapeText? _text;
    private long _version;
    private long _readAt;
    private long _writtenAt;
    private TimeSpan _took;

    /// <summary>Between two looks for changes.</summary>
    public static TimeSpan Interval { get; } = TimeSpan.FromSeconds(1);

    /// <summary>Without a scrape for so long, nothing is kept ready.</summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromMinutes(5);

    private bool Leads => !runtime.LeaderElect || election.IsLeader;

    /// <inheritdoc/>
    public ScrapeText? Current()
    {
        if (!Leads)
        {
            return null;
        }

        Volatile.Write(ref _readAt, time.GetTimestamp());
        return _text ?? FirstText();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                Renew();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private void Renew()
    {
        lock (_gate)
        {
            if (_text is null)
            {
                return;
            }

            if (!Leads || time.GetElapsedTime(Volatile.Read(ref _readAt)) > Patience)
            {
                _text = null;
            }
            else if (startups.Version != _version && time.GetElapsedTime(_writtenAt) >= Pause(_took))
            {
                Write();
            }
        }
    }

    /// <summary>How long nothing is written after a write that took so long.</summary>
    public static TimeSpan Pause(TimeSpan took) => PauseForEach * took is var pause && pause < LongestPause ? pause : LongestPause;

    private ScrapeText FirstText()
    {
        lock (_gate)
        {
            return _text ?? Write();
        }
    }

    private ScrapeText Write()
    {
        var began = time.GetTimestamp();
        // Before the store is read: a change meanwhile counts as one to come.
        _version = startups.Version;
        var text = ModelText.Write(models.List(), startups, caches.List());
        _writtenAt = time.GetTimestamp();
        _took = time.GetElapsedTime(began, _writtenAt);
        return _text = text;
    }
}
