using FleetOps.Api;
using FleetOps.ControllerRuntime;
using FleetOps.Operator.ModelDeployments.Plan;
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

    /// <summary>The ModelCache that a pod fetches for; null when its annotation is missing.</summary>
    public static ObjectKey? CacheOf(V1Pod pod) =>
        Annotation(pod, Labels.CacheName) is { } name ? new ObjectKey(pod.Metadata.NamespaceProperty, name) : null;

    /// <summary>An annotation that is kept; null when the pod has it not.</summary>
    public static string? Annotation(V1Pod pod, string name) =>
        pod.Metadata.Annotations is { } annotations && annotations.TryGetValue(name, out var value) ? value : null;

    // A pod's spec is some fifty references, of which one is read: the annotations of a stored pod hold it instead.
    private const string NodeAnnotation = "node";

    /// <summary>The node that a pod runs on; null while it has none.</summary>
    public static string? NodeOf(V1Pod pod) =>
        pod.Spec?.NodeName ?? (pod.Metadata.Annotations is { } annotations && annotations.TryGetValue(NodeAnnotation, out var node) ? node : null);

    /// <summary>Notes the node of a pod whose spec is not kept.</summary>
    public static void Keep(V1Pod pod, string node) =>
        (pod.Metadata.Annotations ??= new Dictionary<string, string>(StringComparer.Ordinal))[NodeAnnotation] = node;

    /// <summary>The state of the worker's container; null until the kubelet has told it.</summary>
    public static V1ContainerStatus? Container(V1Pod pod)
    {
        foreach (var status in pod.Status?.ContainerStatuses ?? [])
        {
            if (status.Name == WorkerContract.ContainerName)
            {
                return status;
            }
        }

        return null;
    }
}
