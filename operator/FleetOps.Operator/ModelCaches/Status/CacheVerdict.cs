using System.Globalization;
using FleetOps.Api;
using FleetOps.Operator.ModelCaches.Observe;
using FleetOps.Operator.ModelCaches.Plan;
using FleetOps.Operator.ModelDeployments.Plan;
using FleetOps.Operator.ModelDeployments.Status;

namespace FleetOps.Operator.ModelCaches.Status;

/// <summary>The whole state in one place, from which the phase and all conditions follow, so that they never disagree.</summary>
internal sealed record CacheVerdict(string Phase, string Reason, string Message)
{
    public bool IsReady { get; init; }

    public bool IsStalled { get; init; }

    public static CacheVerdict Of(CacheObservation observed, Obstacle? obstacle, IReadOnlyList<PlaceView> places)
    {
        var source = observed.Cache.Spec.Model.Source;
        if (observed.Cache.Metadata.DeletionTimestamp is not null)
        {
            return new(CachePhases.Terminating, Reasons.Deleting, "The resource is being deleted; its Jobs end, and one for each place removes the files that nobody uses. An event tells what came of it.");
        }

        var isComplete = places.Count > 0 && places.All(place => place.Phase == CachePhases.Ready);
        if (obstacle is not null && (obstacle.RejectsSpec || !isComplete))
        {
            return ReasonTraits.NeedsChange(obstacle.Reason)
                ? new(CachePhases.Failed, obstacle.Reason, obstacle.Message) { IsStalled = true }
                : new(CachePhases.Pending, obstacle.Reason, obstacle.Message);
        }

        if (places.Count == 0)
        {
            return new(CachePhases.Pending, Reasons.NoMatchingNode, "No node has the labels of spec.target.nodes.selector. Correct it, or label the nodes; those that come later are served too.");
        }

        var left = observed.Nodes is { Count: > FetchPlace.MostNodes } all ? $" {all.Count - FetchPlace.MostNodes} more nodes match and are left out; use several ModelCaches with narrower selectors for them." : "";
        if (isComplete)
        {
            var where = places is [{ Node: null }] ? $"on claim {observed.Cache.Spec.Target.ClaimName}" : Counted(places.Count, "node");
            return new(CachePhases.Ready, Reasons.WeightsCached, $"The weights from {source} have been fetched and verified {where}.{left}") { IsReady = true };
        }

        // Others may still go on, but the whole never comes to its end without a change.
        var worst = places.FirstOrDefault(place => place.IsStalled) ?? places.FirstOrDefault(place => place.Trouble is not null);
        if (worst is { Trouble: { } trouble })
        {
            var on = worst.Node is null ? "" : $"Node {worst.Node}: ";
            return worst.IsStalled
                ? new(CachePhases.Failed, trouble.Reason, on + trouble.Message + left) { IsStalled = true }
                : new(Furthest(places), trouble.Reason, on + trouble.Message + left);
        }

        var phase = Furthest(places);
        var (reason, doing) = phase switch
        {
            CachePhases.Fetching => (Reasons.FetchingWeights, "are being fetched"),
            CachePhases.Verifying => (Reasons.VerifyingWeights, "are being verified"),
            _ => (Reasons.FetchStarting, "are to be fetched; the pod that does it is created and started"),
        };
        var ready = places is [{ Node: null }] ? "" : string.Create(CultureInfo.InvariantCulture, $" {places.Count(place => place.Phase == CachePhases.Ready)} of {places.Count} nodes have them.");
        return new(phase, reason, $"The weights from {source} {doing}.{ready}{left}");
    }

    private static string Counted(int count, string what) => string.Create(CultureInfo.InvariantCulture, $"on {count} {what}{(count == 1 ? "" : "s")}");

    private static string Furthest(IReadOnlyList<PlaceView> places) =>
        places.Any(place => place.Phase == CachePhases.Fetching) ? CachePhases.Fetching
        : places.Any(place => place.Phase == CachePhases.Verifying) ? CachePhases.Verifying
        : CachePhases.Pending;
}
