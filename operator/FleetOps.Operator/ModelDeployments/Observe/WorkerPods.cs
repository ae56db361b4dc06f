using FleetOps.Api;
using FleetOps.ControllerRuntime;
using k8s.Models;

namespace FleetOps.Operator.ModelDeployments.Observe;

/// <summary>Pods that FleetOps made.</summary>
internal static class WorkerPods
{
    /// <summary>The ModelDeployment that a pod works for; null when its annotation is missing.</summary>
    public static ObjectKey? OwnerOf(V1Pod pod) =>
        pod.Metadata.Annotations is { } annotations && annotations.TryGetValue(Labels.ModelName, out var name)
            ? new ObjectKey(pod.Metadata.NamespaceProperty, name)
            : null;
}
