using FleetOps.Api;

namespace FleetOps.Operator.ModelDeployments.Metrics;

/// <summary>
/// The gauges of a ModelCache, as its spec and its status say them. Each sample also carries the labels <see cref="ModelFamilies.Namespace"/> and
/// <see cref="Cache"/>.
/// </summary>
internal static class CacheFamilies
{
    /// <summary>Label: the name of the ModelCache.</summary>
    public const string Cache = "cache";

    private const string Prefix = "fleetops_modelcache_";

    /// <summary>All of them, by name.</summary>
    public static IReadOnlyList<CacheFamily> All { get; } =
    [
        new(Prefix + "condition", "1 for each condition as it is now.", TellConditions, 4),
        new(Prefix + "fetched_bytes", "Bytes that have arrived, over all places.", static (cache, target) => Tell(target, cache.Status?.FetchedBytes)),
        new(Prefix + "phase", "1 for the phase as it is now.", static (cache, target) => target.Add(1, new KeyValuePair<string, string>("phase", cache.Status?.Phase ?? CachePhases.Pending))),
        new(Prefix + "places", "Places that the weights are fetched to: 1 for a claim, else the nodes.", static (cache, target) => target.Add(Places(cache))),
        new(Prefix + "ready_places", "Places where the weights are and have been verified.", static (cache, target) => target.Add(ReadyPlaces(cache))),
        new(Prefix + "total_bytes", "Bytes of the weights in all, over all places.", static (cache, target) => Tell(target, cache.Status?.TotalBytes)),
    ];

    private static int Places(ModelCache cache) => cache.Spec.Target?.Nodes is null ? 1 : cache.Status?.Nodes?.Count ?? 0;

    private static int ReadyPlaces(ModelCache cache) => cache.Spec.Target?.Nodes is null
        ? cache.Status?.Phase == CachePhases.Ready ? 1 : 0
        : cache.Status?.Nodes?.Count(node => node.Phase == CachePhases.Ready) ?? 0;

    private static void TellConditions(ModelCache cache, ISampleTarget target)
    {
        foreach (var condition in cache.Status?.Conditions ?? [])
        {
            target.Add(1, new("type", condition.Type), new("status", condition.Status), new("reason", condition.Reason));
        }
    }

    private static void Tell(ISampleTarget target, long? value)
    {
        if (value is { } bytes)
        {
            target.Add(bytes);
        }
    }
}
