using k8s.Models;

namespace FleetOps.Operator.ModelDeployments.Observe;

/// <summary>A worker: its pod, and what it last told about itself.</summary>
/// <param name="Pod">The pod as the store holds it.</param>
/// <param name="State">What the container that runs now last answered; null when it has not been asked or has not answered.</param>
/// <param name="Silence">Why it does not answer, once it has been asked in vain for a while; null before that.</param>
/// <param name="IsUnreadyLong">Whether it has told for a while that it serves, and its pod is not ready all the same.</param>
internal sealed record WorkerObservation(V1Pod Pod, WorkerState? State = null, string? Silence = null, bool IsUnreadyLong = false);
