using System.Diagnostics.Metrics;
using System.Text.Json;
using FleetOps.ControllerRuntime.Apply;
using FleetOps.ControllerRuntime.Metrics;
using Microsoft.Extensions.Logging;

namespace FleetOps.ControllerRuntime.Leadership;

/// <summary>
/// Runs work while this process holds a Lease, so that of several copies only one works.
/// <para>
/// Leadership is counted on the monotonic clock from the start of the last successful renewal: once that is longer ago than the renew
/// deadline, the work is told that it is lost, well before others may take the lease over. Single failed or hung requests do not matter before.
/// While the work comes to an end the lease is still renewed, and it is given back only after the work has ended.
/// </para>
/// </summary>
public sealed class LeaderElection
{
    private readonly LeaderElectionOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly LeaseRecord _lease;
    private readonly LeaderElectionMetrics _metrics;
    private long _renewed;
    private volatile bool _leads;

    /// <summary>Creates a candidate; nothing is sent before <see cref="RunAsync"/>.</summary>
    /// <param name="api">The server that holds the Lease.</param>
    /// <param name="options">Which lease, as whom; validated here.</param>
    /// <param name="time">Clock of all durations.</param>
    /// <param name="logger">Where elections are told.</param>
    /// <param name="meters">Where metrics go; null for nowhere.</param>
    /// <exception cref="InvalidOperationException">The options do not fit each other.</exception>
    public LeaderElection(KubeApi api, LeaderElectionOptions options, TimeProvider time, ILogger<LeaderElection> logger, IMeterFactory? meters = null)
    {
        options.Validate();
        _options = options;
        _time = time;
        _logger = logger;
        _lease = new LeaseRecord(api, options, time);
        _metrics = new LeaderElectionMetrics(meters, options.Name, () => _leads);
    }

    /// <summary>Whether this process leads now.</summary>
    public bool IsLeader => _leads;

    /// <summary>Who this process is.</summary>
    public string Identity => _options.Identity;

    /// <summary>Who holds the lease as far as seen; null for nobody.</summary>
    public string? Holder => _lease.Holder;

    /// <summary>
    /// True when the process believes to lead although the lease must have passed on (its duration and another 20 s are over): then
    /// something hangs, and a restart is the cure.
    /// </summary>
    public bool IsOverdue => _leads && _time.GetElapsedTime(Volatile.Read(ref _renewed)) > _options.LeaseDuration + TimeSpan.FromSeconds(20);

    /// <summary>Campaigns, leads, and after a loss campaigns again, until told to stop.</summary>
    /// <param name="lead">The work; it must end soon after <see cref="LeaderTerm.Stopping"/> and at once after <see cref="LeaderTerm.Lost"/>.</param>
    /// <param name="stop">Ends the campaign, or tells the work to stop and then gives the lease back.</param>
    /// <exception cref="TimeoutException">The work did not end in time after leadership was lost; the process must be ended.</exception>
    public async Task RunAsync(Func<LeaderTerm, Task> lead, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var started = _time.GetTimestamp();
            if (await TryHoldAsync(stop).ConfigureAwait(false))
            {
                await LeadAsync(lead, started, stop).ConfigureAwait(false);
            }
            else
            {
                await PauseAsync(CandidatePause(), stop).ConfigureAwait(false);
            }
        }
    }

    /// <summary>
    /// Twice as often as a leader renews, so that a lease given back is found within the retry period; and the moment at which the holder's
    /// time is over is not overslept. Candidates that woke together do not stay in step.
    /// </summary>
    private TimeSpan CandidatePause()
    {
        var pause = _options.RetryPeriod / 2 * (1 + (0.2 * Jitter.Next()));
        // A little later than that: an early try would cost a whole pause.
        return _lease.TimeLeft is { } left && left > TimeSpan.Zero && left < pause ? left + TimeSpan.FromMilliseconds(10) : pause;
    }

    private async Task LeadAsync(Func<LeaderTerm, Task> lead, long renewed, CancellationToken stop)
    {
        using var lost = new CancellationTokenSource(Left(renewed), _time);
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(stop, lost.Token);
        Volatile.Write(ref _renewed, renewed);
        _leads = true;
        LeadershipLog.Leads(_logger, _options.Identity, _options.Namespace, _options.Name);
        var work = RunWorkAsync(lead, new LeaderTerm(stopping.Token, lost.Token));
        try
        {
            await RenewAsync(work, lost).ConfigureAwait(false);
            if (lost.IsCancellationRequested)
            {
                LeadershipLog.Lost(_logger, _options.Identity, _lease.Holder ?? "nobody seen", _time.GetElapsedTime(Volatile.Read(ref _renewed)));
                await work.WaitAsync(_options.LeaseDuration - _options.RenewDeadline, _time, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (!work.IsCompleted)
                {
                    throw new TimeoutException($"The work of {_options.Identity} goes on although its lease {_options.Namespace}/{_options.Name} is lost; the process must be ended.");
                }
            }
            else
            {
                await ReleaseAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            _leads = false;
        }

        await work.ConfigureAwait(false);
    }

    private static async Task RunWorkAsync(Func<LeaderTerm, Task> lead, LeaderTerm term)
    {
        await Task.Yield();
        try
        {
            await lead(term).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (term.Stopping.IsCancellationRequested)
        {
            // The usual way to end.
        }
    }

    private async Task RenewAsync(Task work, CancellationTokenSource lost)
    {
        while (!work.IsCompleted && !lost.IsCancellationRequested)
        {
            await PauseAsync(_options.RetryPeriod, lost.Token, work).ConfigureAwait(false);
            if (work.IsCompleted)
            {
                return;
            }

            var started = _time.GetTimestamp();
            if (await TryHoldAsync(lost.Token).ConfigureAwait(false))
            {
                Volatile.Write(ref _renewed, started);
                lost.CancelAfter(Left(started));
            }
            else if (_lease.IsHeldByAnother)
            {
                await lost.CancelAsync().ConfigureAwait(false);
            }
        }
    }

    private TimeSpan Left(long renewed)
    {
        var left = _options.RenewDeadline - _time.GetElapsedTime(renewed);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    /// <summary>One bounded try. A fault counts as "not this time"; only the deadline ends leadership.</summary>
    private async Task<bool> TryHoldAsync(CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(RequestLimit, _time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return await _lease.TryHoldAsync(linked.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (IsRequestFault(e))
        {
            if (!cancellationToken.IsCancellationRequested)
            {
                _metrics.SlowPath();
                LeadershipLog.TryFailed(_logger, e, _options.Namespace, _options.Name);
            }

            return false;
        }
    }

    private async Task ReleaseAsync()
    {
        using var limit = new CancellationTokenSource(RequestLimit, _time);
        try
        {
            await _lease.ReleaseAsync(limit.Token).ConfigureAwait(false);
            LeadershipLog.Released(_logger, _options.Identity, _options.Namespace, _options.Name);
        }
        catch (Exception e) when (IsRequestFault(e))
        {
            LeadershipLog.ReleaseFailed(_logger, e, _options.Namespace, _options.Name, _options.LeaseDuration);
        }
    }

    private TimeSpan RequestLimit => _options.RenewDeadline / 2 > TimeSpan.FromSeconds(1) ? _options.RenewDeadline / 2 : TimeSpan.FromSeconds(1);

    private static bool IsRequestFault(Exception e) =>
        e is HttpRequestException or IOException or KubeApiException or JsonException or OperationCanceledException or TimeoutException;

    private async Task PauseAsync(TimeSpan delay, CancellationToken cancellationToken, Task? until = null)
    {
        var pause = Task.Delay(delay, _time, cancellationToken);
        await (until is null ? pause : Task.WhenAny(pause, until)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
