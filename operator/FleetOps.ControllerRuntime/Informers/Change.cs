using k8s;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Informers;

/// <summary>One difference that the server told.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Old">What was told before; null when added.</param>
/// <param name="Current">What is told now; for a deletion the last state known.</param>
/// <param name="IsInitial">True when it was found by a list (at start or after a relist) rather than told by a watch.</param>
/// <param name="IsOwnWrite">True when it is just what a write of this program was answered with, so that the writer knows it already.</param>
public readonly record struct Change<T>(ChangeKind Kind, T? Old, T Current, bool IsInitial, bool IsOwnWrite = false)
    where T : class, IKubernetesObject<V1ObjectMeta>;
