using FleetOps.Api;

namespace FleetOps.Operator.ModelCaches.Plan;

/// <summary>One place that weights are fetched to: the claim, or the directory of one node.</summary>
/// <param name="Node">Name of the node; null for the claim.</param>
/// <param name="Job">Name of the Job that fetches what the present spec asks for.</param>
internal sealed record FetchPlace(string? Node, string Job)
{
    /// <summary>Nodes that one ModelCache serves.</summary>
    public const int MostNodes = 64;

    /// <summary>The places of a spec that keeps the rules; none while no node matches.</summary>
    /// <param name="cache">The ModelCache.</param>
    /// <param name="nodes">The nodes that it selects; not read for a claim.</param>
    public static IReadOnlyList<FetchPlace> Of(ModelCache cache, IReadOnlyList<string>? nodes) => cache.Spec.Target.Nodes is null
        ? [new(null, FetchNames.Job(cache, null))]
        : [.. (nodes ?? []).Take(MostNodes).Select(node => new FetchPlace(node, FetchNames.Job(cache, node)))];

    /// <summary>Hash of what was fetched here before, by the status; null when nothing was.</summary>
    public string? FetchedHash(ModelCacheStatus? status) =>
        Node is null ? status?.FetchedHash : status?.Nodes?.FirstOrDefault(node => node.Name == Node)?.FetchedHash;
}
