using k8s;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Reconciling;

/// <summary>Reads and writes owner references.</summary>
public static class Owners
{
    /// <summary>The key of the object of that group and kind which controls the child; nothing when another or none does.</summary>
    public static IEnumerable<ObjectKey> Controller(IKubernetesObject<V1ObjectMeta> child, string group, string kind)
    {
        foreach (var owner in child.Metadata.OwnerReferences ?? [])
        {
            if (owner.Controller == true && owner.Kind == kind && GroupOf(owner.ApiVersion) == group)
            {
                yield return new ObjectKey(child.Metadata.NamespaceProperty ?? "", owner.Name);
            }
        }
    }

    /// <summary>A reference that makes the object the controller of what carries it, so that Kubernetes deletes the child with it.</summary>
    public static V1OwnerReference ControllerReference<T>(ResourceType<T> type, T owner)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        new()
        {
            ApiVersion = type.ApiVersion,
            Kind = type.Kind,
            Name = owner.Metadata.Name,
            Uid = owner.Metadata.Uid,
            Controller = true,
            BlockOwnerDeletion = true,
        };

    /// <summary>Whether this very object (by UID) controls the child.</summary>
    public static bool IsControlledBy(IKubernetesObject<V1ObjectMeta> child, IKubernetesObject<V1ObjectMeta> owner) =>
        (child.Metadata.OwnerReferences ?? []).Any(reference => reference.Controller == true && reference.Uid == owner.Metadata.Uid);

    private static string GroupOf(string? apiVersion) =>
        apiVersion?.IndexOf('/', StringComparison.Ordinal) is { } slash and > 0 ? apiVersion[..slash] : "";
}
