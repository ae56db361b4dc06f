using System.Globalization;
using k8s;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Informers;

/// <summary>
/// The order of resource versions. Those of one kind on one server are decimal numbers that grow with each write
/// (https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions).
/// </summary>
internal static class ResourceVersions
{
    /// <summary>The version as a number; null when it is none, so that it cannot be put into an order.</summary>
    public static ulong? Number(string? version) =>
        ulong.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>The version of an object as a number; null when it is none.</summary>
    public static ulong? Of(IKubernetesObject<V1ObjectMeta> entity) => Number(entity.Metadata.ResourceVersion);
}
