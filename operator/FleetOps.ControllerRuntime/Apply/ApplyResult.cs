using k8s;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Apply;

/// <summary>What <see cref="Applier"/> did.</summary>
/// <param name="Entity">The object as it is now: the server's answer, or what was observed when nothing had to be sent.</param>
/// <param name="Written">Whether a request was sent.</param>
/// <param name="FirstDifference">JSON path of the first field that differed, for logs; null when nothing was sent or nothing was observed.</param>
public readonly record struct ApplyResult<T>(T Entity, bool Written, string? FirstDifference)
    where T : class, IKubernetesObject<V1ObjectMeta>;
