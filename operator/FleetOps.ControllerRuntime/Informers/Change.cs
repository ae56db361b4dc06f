using k8s;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Informers;

/// <summary>One difference that a store went through.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Old">What the store held before; null when added.</param>
/// <param name="Current">What it holds now; for a deletion the last state known.</param>
/// <param name="IsInitial">True when it was found by a list (at start or after a relist) rather than told by a watch.</param>
public readonly record struct Change<T>(ChangeKind Kind, T? Old, T Current, bool IsInitial)
    where T : class, IKubernetesObject<V1ObjectMeta>;
