using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace FleetOps.ControllerRuntime.Metrics;

/// <summary>One controller's figures under controller-runtime's names, so that its dashboards work.</summary>
internal sealed class ReconcileMetrics
{
    private readonly string _controller;
    private readonly Counter<long> _total;
    private readonly Counter<long> _errors;
    private readonly Counter<long> _terminal;
    private readonly Counter<long> _panics;
    private readonly Counter<long> _timeouts;
    private readonly Histogram<double> _time;
    private long _active;

    public ReconcileMetrics(IMeterFactory meters, string controller, int workers)
    {
        _controller = controller;
        var meter = meters.Create(RuntimeMeter.Name);
        _total = meter.CreateCounter<long>("controller_runtime_reconcile_total", description: "Reconciles by controller and result.");
        _errors = meter.CreateCounter<long>("controller_runtime_reconcile_errors_total", description: "Reconciles that failed.");
        _terminal = meter.CreateCounter<long>("controller_runtime_terminal_reconcile_errors_total", description: "Reconciles that failed in a way no retry can cure.");
        _panics = meter.CreateCounter<long>("controller_runtime_reconcile_panics_total", description: "Reconciles that ended with an unexpected exception.");
        _timeouts = meter.CreateCounter<long>("controller_runtime_reconcile_timeouts_total", description: "Reconciles that took longer than their limit.");
        _time = meter.CreateHistogram(
            "controller_runtime_reconcile_time_seconds",
            description: "Duration of reconciles.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [.005, .01, .025, .05, .1, .15, .2, .25, .3, .35, .4, .45, .5, .6, .7, .8, .9, 1, 1.25, 1.5, 1.75, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60] });
        meter.CreateObservableGauge("controller_runtime_max_concurrent_reconciles", () => new Measurement<long>(workers, Tag), description: "Workers of the controller.");
        meter.CreateObservableGauge("controller_runtime_active_workers", () => new Measurement<long>(Interlocked.Read(ref _active), Tag), description: "Workers that reconcile now.");

        // Dashboards and alerts compare rates with zero; series that appear with their first event hide that event.
        foreach (var result in Enum.GetValues<ReconcileOutcome>())
        {
            _total.Add(0, Tag, Result(result));
        }

        foreach (var counter in new[] { _errors, _terminal, _panics, _timeouts })
        {
            counter.Add(0, Tag);
        }
    }

    private KeyValuePair<string, object?> Tag => new("controller", _controller);

    public void Started() => Interlocked.Increment(ref _active);

    public void Ended(ReconcileOutcome outcome, TimeSpan duration)
    {
        Interlocked.Decrement(ref _active);
        _total.Add(1, Tag, Result(outcome));
        _time.Record(duration.TotalSeconds, Tag);
    }

    public void Error() => _errors.Add(1, Tag);

    public void TerminalError() => _terminal.Add(1, Tag);

    public void Panic() => _panics.Add(1, Tag);

    public void Timeout() => _timeouts.Add(1, Tag);

    /// <summary>The outcome as metrics and traces name it.</summary>
    public static string NameOf(ReconcileOutcome outcome) => outcome switch
    {
        ReconcileOutcome.Success => "success",
        ReconcileOutcome.Error => "error",
        ReconcileOutcome.Requeue => "requeue",
        ReconcileOutcome.RequeueAfter => "requeue_after",
        _ => throw new UnreachableException(),
    };

    private static KeyValuePair<string, object?> Result(ReconcileOutcome outcome) => new("result", NameOf(outcome));
}
