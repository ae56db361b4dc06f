using k8s;
using k8s.Models;

namespace FleetOps.ControllerRuntime;

/// <summary>Names one object of a known kind: its namespace (empty for cluster-scoped kinds) and its name.</summary>
/// <param name="Namespace">The namespace, or the empty string.</param>
/// <param name="Name">The object's name, unique in the namespace.</param>
public readonly record struct ObjectKey(string Namespace, string Name)
{
    /// <summary>The key under which an object is stored.</summary>
    public static ObjectKey Of(IKubernetesObject<V1ObjectMeta> entity) => Of(entity.Metadata);

    /// <summary>The key that an object's metadata gives.</summary>
    public static ObjectKey Of(V1ObjectMeta metadata) => new(metadata.NamespaceProperty ?? "", metadata.Name ?? "");

    /// <summary><c>namespace/name</c>, or <c>name</c> alone for a cluster-scoped object.</summary>
    public override string ToString() => Namespace.Length == 0 ? Name : $"{Namespace}/{Name}";
}
