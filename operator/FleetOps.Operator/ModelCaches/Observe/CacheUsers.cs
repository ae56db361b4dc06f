using FleetOps.Api;
using FleetOps.ControllerRuntime.Informers;
using FleetOps.Operator.ModelDeployments.Plan;
using k8s.Models;

namespace FleetOps.Operator.ModelCaches.Observe;

/// <summary>Finds what else has the files of a ModelCache in use, or will. Thread-safe. It looks at all models, which is done only when a ModelCache is deleted.</summary>
internal sealed class CacheUsers(IStore<ModelDeployment> models, IStore<ModelCache> caches)
{
    private const int MostNamed = 5;

    /// <summary>ModelDeployments and other ModelCaches with the same weights in the same place, for people.</summary>
    public IReadOnlyList<string> Of(ModelCache cache)
    {
        if (cache.Spec is not { Model: { } model, Target: { } target })
        {
            return [];
        }

        var weights = WeightsIdentity.Of(model, cache.Spec.Pod);
        return
        [
            .. models.List().Where(other => Uses(other, cache, target) && WeightsIdentity.Of(other.Spec.Model, other.Spec.Pod) == weights).Select(other => Named("ModelDeployment", other.Metadata))
                .Concat(caches.List().Where(other => Shares(other, cache, target) && WeightsIdentity.Of(other.Spec.Model, other.Spec.Pod) == weights).Select(other => Named("ModelCache", other.Metadata)))
                .Order(StringComparer.Ordinal)
                .Take(MostNamed),
        ];
    }

    private static bool Uses(ModelDeployment other, ModelCache cache, CacheTarget target)
    {
        var isNear = other.Metadata.NamespaceProperty == cache.Metadata.NamespaceProperty;
        return other is { Metadata.DeletionTimestamp: null, Spec: { } spec }
            && ((spec.Cache.Type is null && isNear && other.Status?.Cache?.Name == cache.Metadata.Name)
                || (target.Nodes is { } nodes
                    ? spec.Cache.Type == CacheType.HostPath && spec.Cache.Path == nodes.Path
                    : isNear && spec.Cache.Type == CacheType.PersistentVolumeClaim && spec.Cache.ClaimName == target.ClaimName));
    }

    private static bool Shares(ModelCache other, ModelCache cache, CacheTarget target) =>
        other is { Metadata.DeletionTimestamp: null, Spec: { Model: not null, Target: { } its } }
        && other.Metadata.Uid != cache.Metadata.Uid
        && (target.Nodes is { } nodes
            ? its.Nodes?.Path == nodes.Path
            : other.Metadata.NamespaceProperty == cache.Metadata.NamespaceProperty && its.ClaimName == target.ClaimName);

    private static string Named(string kind, V1ObjectMeta metadata) => $"{kind} {metadata.NamespaceProperty}/{metadata.Name}";
}
