using System.Diagnostics;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Events;

/// <summary>An event as it was published.</summary>
internal sealed record RecordedEvent(V1ObjectReference Regarding, EventType Type, string Reason, string Note, string Action, DateTime At)
{
    /// <summary>The reconcile that published it; the default when that is not traced.</summary>
    public ActivityContext Cause { get; init; }
}
