using System.Diagnostics;
using FleetOps.ControllerRuntime.Apply;
using FleetOps.ControllerRuntime.Metrics;

namespace FleetOps.ControllerRuntime.Tracing;

/// <summary>
/// One span for each reconcile, with a child for each write that it caused: objects, status, and events, which are sent later. What a program writes
/// on its own account, such as Leases, makes none. Nothing is made while nobody listens. Thread-safe.
/// </summary>
internal static class ReconcileTraces
{
    private static readonly ActivitySource Source = new(RuntimeMeter.Name);

    /// <summary>The traced reconcile, or write, that goes on; the default for none.</summary>
    public static ActivityContext Current => Traced()?.Context ?? default;

    /// <summary>Begins the span of a reconcile; null when it is not traced.</summary>
    public static Activity? StartReconcile(string controller, string kind, ObjectKey key) =>
        Describe(Source.StartActivity($"reconcile {kind}"), kind, key)?.SetTag("fleetops.controller", controller);

    /// <summary>Notes on the reconcile's span that it is to be repeated.</summary>
    public static void Requeued(TimeSpan delay) => Traced()?.SetTag("fleetops.requeue_after_seconds", delay.TotalSeconds);

    /// <summary>Begins the span of a write within a reconcile; null outside of one and when it is not traced.</summary>
    /// <param name="verb">Such as <c>apply</c>.</param>
    /// <param name="kind">The kind that is written.</param>
    /// <param name="key">The object.</param>
    /// <param name="subresource">Such as <c>status</c>; null for the object.</param>
    public static Activity? StartWrite(string verb, string kind, ObjectKey key, string? subresource) => Traced() is null
        ? null
        : Describe(Source.StartActivity(subresource is null ? $"{verb} {kind}" : $"{verb} {kind}/{subresource}", ActivityKind.Client), kind, key);

    /// <summary>Begins the span of an event that is sent on behalf of a reconcile; null when that was not traced.</summary>
    public static Activity? StartEvent(ActivityContext cause, string reason, string kind, ObjectKey regarding) => cause == default
        ? null
        : Describe(Source.StartActivity($"event {reason}", ActivityKind.Producer, cause), kind, regarding);

    /// <summary>Notes why a write failed.</summary>
    public static void Failed(Activity? span, Exception error)
    {
        if (span is null)
        {
            return;
        }

        if (error is KubeApiException refused)
        {
            span.SetTag("http.response.status_code", (int)refused.StatusCode);
        }

        span.SetTag("error.type", error is KubeApiException { Reason.Length: > 0 } named ? named.Reason : error.GetType().Name)
            .SetStatus(ActivityStatusCode.Error, error.Message);
    }

    private static Activity? Traced() => Activity.Current is { IsAllDataRequested: true } span && ReferenceEquals(span.Source, Source) ? span : null;

    private static Activity? Describe(Activity? span, string kind, ObjectKey key) =>
        span?.SetTag("k8s.object.kind", kind).SetTag("k8s.namespace.name", key.Namespace).SetTag("k8s.object.name", key.Name);
}
