using System.Diagnostics.Metrics;
using System.Text.Json;
using System.Threading.Channels;
using FleetOps.ControllerRuntime.Apply;
using FleetOps.ControllerRuntime.Hosting;
using FleetOps.ControllerRuntime.Metrics;
using FleetOps.ControllerRuntime.Tracing;
using FleetOps.ControllerRuntime.WorkQueue;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace FleetOps.ControllerRuntime.Events;

/// <summary>
/// Tells people what happened to an object, as Kubernetes events that <c>kubectl describe</c> shows. Thread-safe. Publishing never waits, never
/// fails and never throws: events are sent in the background, warnings first and only so many a second, so that a fleet that starts does not
/// double the load of the API server. Repeated ones become one event with a count, and when too many wait or the server cannot be
/// reached they are dropped and counted.
/// </summary>
public sealed class EventRecorder
{
    private const int MaxWaiting = 1000;

    // However many of the others wait, so many warnings find room.
    private const int MaxWaitingWarnings = 2 * MaxWaiting;
    private const int MaxTries = 4;

    private readonly Channel<WaitingEvent> _waiting = Channel.CreateUnboundedPrioritized<WaitingEvent>(new() { SingleReader = true, Comparer = WaitingEvent.Order });
    private readonly KubeApi _api;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly EventCorrelator _correlator;
    private readonly EventMetrics _metrics;
    private readonly TokenBucket _limit;
    private long _lastNumber;
    private int _count;

    /// <summary>Creates a recorder; events wait until <see cref="RunAsync"/> sends them.</summary>
    /// <param name="api">The server.</param>
    /// <param name="options">Gives the name of the reporting program and how many events it may send.</param>
    /// <param name="time">Clock of the events.</param>
    /// <param name="logger">Where faults are told.</param>
    /// <param name="meters">Where metrics go; null for nowhere.</param>
    public EventRecorder(KubeApi api, ControllerRuntimeOptions options, TimeProvider time, ILogger<EventRecorder> logger, IMeterFactory? meters = null)
    {
        _api = api;
        _time = time;
        _logger = logger;
        _metrics = new EventMetrics(meters);
        _correlator = new EventCorrelator(time, options.Component, Environment.MachineName);
        _limit = new TokenBucket(time, options.EventsPerSecond, options.EventBurst);
    }

    /// <summary>Publishes one event about an object.</summary>
    /// <param name="regarding">The object; its apiVersion, kind, name, namespace and UID are used.</param>
    /// <param name="type">Normal or Warning.</param>
    /// <param name="reason">Why, as one CamelCase word of at most 128 characters.</param>
    /// <param name="message">What happened, with cause and cure; cut at 1,024 bytes.</param>
    /// <param name="action">What the program was doing, as one CamelCase word. Default: <c>Reconcile</c>.</param>
    public void Publish(IKubernetesObject<V1ObjectMeta> regarding, EventType type, string reason, string message, string action = "Reconcile")
    {
        var reference = new V1ObjectReference
        {
            ApiVersion = regarding.ApiVersion,
            Kind = regarding.Kind,
            Name = regarding.Metadata.Name,
            NamespaceProperty = regarding.Metadata.NamespaceProperty,
            Uid = regarding.Metadata.Uid,
            ResourceVersion = regarding.Metadata.ResourceVersion,
        };
        if (Interlocked.Increment(ref _count) > (type == EventType.Warning ? MaxWaitingWarnings : MaxWaiting))
        {
            Interlocked.Decrement(ref _count);
            _metrics.Dropped("queue-full");
            return;
        }

        var recorded = new RecordedEvent(reference, type, reason, EventText.Fit(message), action, _time.GetUtcNow().UtcDateTime) { Cause = ReconcileTraces.Current };
        _waiting.Writer.TryWrite(new WaitingEvent(recorded, Interlocked.Increment(ref _lastNumber)));
    }

    /// <summary>No more events are taken; <see cref="RunAsync"/> ends once those that wait are sent.</summary>
    public void Complete() => _waiting.Writer.TryComplete();

    /// <summary>Sends events until completed or cancelled. Call once.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var waiting in _waiting.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                Interlocked.Decrement(ref _count);
                await SendAsync(waiting.Event, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Events are a courtesy; shutdown does not wait for them.
        }
    }

    private async Task SendAsync(RecordedEvent recorded, CancellationToken cancellationToken)
    {
        if (_correlator.Correlate(recorded) is not { } entry)
        {
            _metrics.Dropped("rate-limited");
            return;
        }

        // After the correlation: what comes to nothing uses up no room.
        if (_limit.Reserve() is { Ticks: > 0 } pause)
        {
            await Task.Delay(pause, _time, cancellationToken).ConfigureAwait(false);
        }

        using var span = ReconcileTraces.StartEvent(recorded.Cause, recorded.Reason, recorded.Regarding.Kind, new(recorded.Regarding.NamespaceProperty ?? "", recorded.Regarding.Name));
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await WriteAsync(entry, cancellationToken).ConfigureAwait(false);
                _metrics.Sent();
                return;
            }
            catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                var hopeless = e is KubeApiException { IsTransient: false } or JsonException;
                if (hopeless || attempt == MaxTries)
                {
                    ReconcileTraces.Failed(span, e);
                    _correlator.Forget(entry);
                    _metrics.Dropped(hopeless ? "refused" : "unreachable");
                    EventLog.Dropped(_logger, e, recorded.Reason, $"{recorded.Regarding.Kind} {recorded.Regarding.NamespaceProperty}/{recorded.Regarding.Name}", e.Message);
                    return;
                }

                await Task.Delay(TimeSpan.FromSeconds(0.25 * Math.Pow(2, attempt) * (0.5 + Jitter.Next())), _time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task WriteAsync(EventEntry entry, CancellationToken cancellationToken)
    {
        if (entry.Count > 1)
        {
            var patch = JsonSerializer.SerializeToUtf8Bytes(
                new Eventsv1Event { Series = new Eventsv1EventSeries { Count = entry.Count, LastObservedTime = entry.LastSeen } },
                MicroTimeJsonContext.Default.Eventsv1Event);
            try
            {
                await _api.MergePatchAsync(BuiltInTypes.Events, entry.Key, patch, null, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (KubeApiException e) when (e.IsNotFound)
            {
                // Events live for an hour; this one is over, so a new one begins.
                _correlator.Restart(entry);
            }
        }

        await _api.CreateAsync(BuiltInTypes.Events, entry.ToEvent(), cancellationToken).ConfigureAwait(false);
    }
}
