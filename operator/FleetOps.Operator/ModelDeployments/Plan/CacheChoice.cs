using FleetOps.Api;
using FleetOps.Operator.ModelDeployments.Observe;

namespace FleetOps.Operator.ModelDeployments.Plan;

/// <summary>
/// Which ModelCache the workers of a spec take their weights from that says nothing about it itself. Workers that run keep theirs, or none: the choice is
/// made anew only together with another change of their template, so that a ModelCache which comes, goes or gets ready replaces no worker.
/// </summary>
internal static class CacheChoice
{
    private const string ManyNodes = "ReadWriteMany";

    /// <param name="observed">What is.</param>
    /// <param name="settings">What the installation allows.</param>
    /// <param name="hashOf">The hash that marks the workers of the present spec with such a cache, or with none.</param>
    public static UsedCache? Of(Observation observed, WorkerSettings settings, Func<UsedCache?, string> hashOf)
    {
        var kept = observed.Model.Status?.Cache;
        if (observed.Model.Spec.Cache.Type is not null || (kept is null && observed.Caches.Count == 0))
        {
            return null;
        }

        var offered = observed.Caches
            .Where(cache => IsUsable(observed.Model.Spec, cache, settings))
            .OrderBy(cache => cache.Cache.Status?.Phase == CachePhases.Ready ? 0 : 1)
            .ThenBy(cache => cache.Cache.Metadata.Name, StringComparer.Ordinal)
            .Select(cache => Use(cache.Cache))
            .ToList();
        IEnumerable<UsedCache?> options = kept is null ? [.. offered, null] : [kept, .. offered, null];
        var running = observed.Workers
            .Where(worker => worker.Pod.Metadata.DeletionTimestamp is null)
            .Select(worker => WorkerPods.Annotation(worker.Pod, Labels.TemplateHash))
            .ToHashSet(StringComparer.Ordinal);
        foreach (var option in running.Count == 0 ? [] : options)
        {
            if (running.Contains(hashOf(option)))
            {
                return option;
            }
        }

        return offered.FirstOrDefault();
    }

    /// <summary>The spec with the cache that was chosen for it.</summary>
    public static ModelDeploymentSpec With(ModelDeploymentSpec spec, UsedCache? cache) => cache switch
    {
        null => spec,
        { ClaimName: { } claim } => spec with { Cache = new() { Type = CacheType.PersistentVolumeClaim, ClaimName = claim } },
        _ => spec with { Cache = new() { Type = CacheType.HostPath, Path = cache.Path } },
    };

    private static UsedCache Use(ModelCache cache) =>
        new() { Name = cache.Metadata.Name, ClaimName = cache.Spec.Target.ClaimName, Path = cache.Spec.Target.Nodes?.Path };

    private static bool IsUsable(ModelDeploymentSpec spec, ObservedCache observed, WorkerSettings settings)
    {
        var cache = observed.Cache;
        if (cache.Metadata.DeletionTimestamp is not null || cache.Status?.Phase == CachePhases.Failed || !WeightsIdentity.Agree(cache.Spec.Model, spec.Model))
        {
            return false;
        }

        // Workers may come to run on any node, which a claim of another kind would not follow.
        if (cache.Spec.Target is not { Nodes: { } nodes })
        {
            return observed.Claim is { Metadata.DeletionTimestamp: null, Spec.AccessModes: { } modes } && modes.Contains(ManyNodes);
        }

        // On a node that it does not serve the directory may not be there, or not be writable for workers.
        var given = spec.Placement?.NodeSelector;
        return cache.Status?.Phase == CachePhases.Ready
            && PolicyRules.AllowsHostPath(nodes.Path, settings)
            && nodes.Selector.All(label => given is not null && given.TryGetValue(label.Key, out var value) && value == label.Value);
    }
}
