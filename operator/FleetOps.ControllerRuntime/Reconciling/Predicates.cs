using FleetOps.ControllerRuntime.Informers;
using k8s;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Reconciling;

/// <summary>Common filters for the changes that wake a controller.</summary>
public static class Predicates
{
    /// <summary>
    /// False for an update that left spec, deletion and finalizers as they were: status writes do not raise
    /// <c>metadata.generation</c>. Additions, deletions and replacements always pass.
    /// </summary>
    public static bool SpecOrDeletionChanged<T>(Change<T> change)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        change.Kind != ChangeKind.Modified
        || change.Old is not { } old
        || old.Metadata.Uid != change.Current.Metadata.Uid
        || old.Metadata.Generation != change.Current.Metadata.Generation
        || old.Metadata.DeletionTimestamp != change.Current.Metadata.DeletionTimestamp
        || !SameSequence(old.Metadata.Finalizers, change.Current.Metadata.Finalizers);

    /// <summary>True when labels or annotations changed, or the object was added or deleted.</summary>
    public static bool LabelsOrAnnotationsChanged<T>(Change<T> change)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        change.Kind != ChangeKind.Modified
        || change.Old is not { } old
        || !SamePairs(old.Metadata.Labels, change.Current.Metadata.Labels)
        || !SamePairs(old.Metadata.Annotations, change.Current.Metadata.Annotations);

    private static bool SameSequence(IList<string>? left, IList<string>? right) => (left ?? []).SequenceEqual(right ?? [], StringComparer.Ordinal);

    private static bool SamePairs(IDictionary<string, string>? left, IDictionary<string, string>? right) =>
        (left?.Count ?? 0) == (right?.Count ?? 0)
        && (left is null || left.All(pair => right!.TryGetValue(pair.Key, out var value) && value == pair.Value));
}
