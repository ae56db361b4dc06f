using FleetOps.ControllerRuntime.Events;
using FleetOps.ControllerRuntime.Informers;
using FleetOps.ControllerRuntime.Leadership;
using FleetOps.ControllerRuntime.Reconciling;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace FleetOps.ControllerRuntime.Hosting;

/// <summary>
/// Owns the order of the parts. Start, once the web server listens: informers ► stores synced ► leadership ► controllers. Stop, before the web
/// server does: controllers (running reconciles end) ► lease given back ► events sent ► informers.
/// </summary>
internal sealed class ControllerHost(
    InformerRegistry informers,
    IEnumerable<InformerSetup> setups,
    IEnumerable<IControllerLoop> loops,
    LeaderElection election,
    EventRecorder events,
    RuntimeHealth health,
    ControllerRuntimeOptions options,
    TimeProvider time,
    IHostApplicationLifetime lifetime,
    ILogger<ControllerHost> logger) : IHostedLifecycleService, IDisposable
{
    private static readonly TimeSpan SyncReminder = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan EventDrain = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _abort = new();
    private readonly CancellationTokenSource _stopInformers = new();
    private readonly IReadOnlyList<IControllerLoop> _loops = [.. loops];
    private Task _controllers = Task.CompletedTask;
    private Task _watches = Task.CompletedTask;
    private Task _recording = Task.CompletedTask;

    public Task StartingAsync(CancellationToken cancellationToken)
    {
        foreach (var setup in setups)
        {
            setup.Prepare(informers);
        }

        foreach (var loop in _loops)
        {
            loop.Connect(informers);
        }

        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        _watches = Task.WhenAll(informers.All.Select(informer => Task.Run(() => informer.RunAsync(_stopInformers.Token), CancellationToken.None)));
        _recording = Task.Run(() => events.RunAsync(_stopInformers.Token), CancellationToken.None);
        _controllers = Task.Run(RunControllersAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        HostLog.Stopping(logger);
        await _stop.CancelAsync().ConfigureAwait(false);
        using (var patience = new CancellationTokenSource(options.GracefulShutdown, time))
        using (var limit = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken))
        {
            await _controllers.WaitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (!_controllers.IsCompleted)
        {
            HostLog.Cancelling(logger, options.GracefulShutdown);
            await _abort.CancelAsync().ConfigureAwait(false);
            await _controllers.WaitAsync(TimeSpan.FromSeconds(5), time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        events.Complete();
        await _recording.WaitAsync(EventDrain, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _stopInformers.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_watches, _recording).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        HostLog.Stopped(logger);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        _stop.Dispose();
        _abort.Dispose();
        _stopInformers.Dispose();
    }

    private async Task RunControllersAsync()
    {
        try
        {
            await WaitForStoresAsync().ConfigureAwait(false);
            if (_stop.IsCancellationRequested)
            {
                return;
            }

            if (options.LeaderElect)
            {
                await election.RunAsync(LeadAsync, _stop.Token).ConfigureAwait(false);
            }
            else
            {
                await LeadAsync(new LeaderTerm(_stop.Token, CancellationToken.None)).ConfigureAwait(false);
            }
        }
        catch (Exception e)
        {
            // Without its controllers the process is of no use; a restart is the cure.
            health.Failed(e);
            HostLog.Failed(logger, e);
            Environment.ExitCode = 70;
            lifetime.StopApplication();
        }
    }

    private async Task WaitForStoresAsync()
    {
        var synced = Task.WhenAll(informers.All.Select(informer => informer.Synced));
        while (!_stop.IsCancellationRequested)
        {
            await synced.WaitAsync(SyncReminder, time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (synced.IsCompleted)
            {
                HostLog.Synced(logger, informers.All.Count);
                return;
            }

            if (!_stop.IsCancellationRequested)
            {
                HostLog.Waiting(logger, string.Join("; ", informers.All.Where(informer => !informer.HasSynced).Select(informer => $"{informer.Name}: {informer.Problem}")));
            }
        }
    }

    private async Task LeadAsync(LeaderTerm term)
    {
        using var lost = CancellationTokenSource.CreateLinkedTokenSource(term.Lost, _abort.Token);
        await Task.WhenAll(_loops.Select(loop => loop.RunAsync(term with { Lost = lost.Token }))).ConfigureAwait(false);
    }
}
