using System.Globalization;
using FleetOps.Operator.ModelCaches.Observe;

namespace FleetOps.Operator.ModelCaches.Plan;

/// <summary>One place that weights are fetched to: the claim, or the directory of one node.</summary>
/// <param name="Node">Name of the node; null for the claim.</param>
/// <param name="Job">Name of the Job that fetches what the present spec asks for, or looks whether it is still there.</param>
/// <param name="Hash">Stands for what the present spec asks for, on this very claim or node.</param>
internal sealed record FetchPlace(string? Node, string Job, string Hash)
{
    /// <summary>Nodes that one ModelCache serves.</summary>
    public const int MostNodes = 64;

    /// <summary>Hours between two looks where the spec does not say.</summary>
    public const int RecheckHours = 168;

    /// <summary>Whether all of it was fetched here and verified, by the status.</summary>
    public bool IsRecorded { get; private init; }

    /// <summary>When it was last verified, by the status; null while it was not.</summary>
    public DateTime? VerifiedAt { get; private init; }

    /// <summary>When it is to be looked at again; null for never.</summary>
    public DateTimeOffset? DueAt { get; private init; }

    /// <summary>Whether it is to be looked at again now.</summary>
    public bool IsDue { get; private init; }

    /// <summary>The places of a spec that keeps the rules; none while no node matches.</summary>
    public static IReadOnlyList<FetchPlace> Of(CacheObservation observed) => observed.Cache.Spec.Target.Nodes is null
        ? [Of(observed, null)]
        : [.. (observed.Nodes ?? []).Take(MostNodes).Select(node => Of(observed, node))];

    private static FetchPlace Of(CacheObservation observed, string? node)
    {
        var cache = observed.Cache;
        var identity = node is null ? observed.ClaimIdentity : observed.NodeIdentities.GetValueOrDefault(node);
        var hash = FetchNames.FetchedHash(cache.Spec, identity);
        var (fetched, verifiedAt) = node is null
            ? (cache.Status?.FetchedHash, cache.Status?.VerifiedAt)
            : cache.Status?.Nodes?.FirstOrDefault(known => known.Name == node) is { } there ? (there.FetchedHash, there.VerifiedAt) : (null, null);
        var isRecorded = fetched == hash;
        var hours = cache.Spec.RecheckHours ?? RecheckHours;
        var dueAt = isRecorded && hours > 0 && verifiedAt is { } at ? new DateTimeOffset(DateTime.SpecifyKind(at, DateTimeKind.Utc)).AddHours(hours) : (DateTimeOffset?)null;
        var isDue = dueAt <= observed.Now;
        // Another look is another Job.
        var look = isDue ? verifiedAt!.Value.ToString("O", CultureInfo.InvariantCulture) : "";
        return new(node, FetchNames.Job(cache, node, identity, look: look), hash) { IsRecorded = isRecorded, VerifiedAt = isRecorded ? verifiedAt : null, DueAt = dueAt, IsDue = isDue };
    }
}
