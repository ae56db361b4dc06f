using System.Globalization;
using FleetOps.Api;
using FleetOps.Operator.ModelCaches.Observe;
using FleetOps.Operator.ModelCaches.Plan;
using FleetOps.Operator.ModelDeployments.Plan;
using FleetOps.Operator.ModelDeployments.Status;

namespace FleetOps.Operator.ModelCaches.Status;

/// <summary>From what is observed to what status should say. A pure function without a clock: <see cref="ConditionTimes"/> adds the times of transition.</summary>
internal static class CacheStatusPlanner
{
    private const int MessageLength = 1024;

    /// <param name="observed">What is.</param>
    /// <param name="plan">What was planned for it.</param>
    /// <param name="refusal">What the API server refused when the plan was carried out; null when nothing was.</param>
    public static ModelCacheStatus Plan(CacheObservation observed, CachePlan plan, Obstacle? refusal = null)
    {
        var cache = observed.Cache;
        var obstacle = plan.Obstacle ?? refusal;
        var places = plan.Places.Select(place => PlaceDiagnosis.View(observed, place)).ToList();
        var verdict = CacheVerdict.Of(observed, obstacle, places);
        if (cache.Metadata.DeletionTimestamp is not null && cache.Status is { } last)
        {
            // Nothing is planned any more, and what is known stays known.
            return last with { ObservedGeneration = cache.Metadata.Generation, Phase = verdict.Phase, Conditions = Conditions(cache, obstacle, verdict) };
        }

        var isClaim = cache.Spec.Target?.ClaimName is not null;
        var known = Known(cache.Status, places);
        var left = places.Max(place => place.SecondsLeft);
        return new()
        {
            ObservedGeneration = cache.Metadata.Generation,
            Phase = verdict.Phase,
            Progress = isClaim ? Percent(places) : places.Count == 0 ? null : string.Create(CultureInfo.InvariantCulture, $"{places.Count(place => place.Phase == CachePhases.Ready)}/{places.Count}"),
            Size = Human(known.SizeBytes ?? places.Max(place => place.TotalBytes)),
            FetchedBytes = Sum(places, place => place.Phase == CachePhases.Ready ? known.SizeBytes : place.FetchedBytes),
            TotalBytes = Sum(places, place => place.Phase == CachePhases.Ready ? known.SizeBytes : place.TotalBytes),
            BytesPerSecond = Sum(places, place => place.BytesPerSecond),
            SecondsLeft = left,
            Eta = Rounded.Time(left),
            Sha256 = known.Sha256,
            SizeBytes = known.SizeBytes,
            Revision = known.Revision,
            License = known.License,
            // A rejected spec fetches nothing, and takes nothing away.
            FetchedHash = isClaim ? places.Count == 0 ? cache.Status?.FetchedHash : places[0].FetchedHash : null,
            VerifiedAt = isClaim ? places.Count == 0 ? cache.Status?.VerifiedAt : places[0].VerifiedAt : null,
            Nodes = isClaim ? null : places.Count == 0 && obstacle is not null ? cache.Status?.Nodes : Nodes(places),
            Conditions = Conditions(cache, obstacle, verdict),
        };
    }

    private static List<CachedNode>? Nodes(List<PlaceView> places) => places.Count == 0 ? null :
    [
        .. places.Select(place => new CachedNode
        {
            Name = place.Node!,
            Phase = place.Phase,
            FetchedBytes = place.Phase == CachePhases.Ready ? null : place.FetchedBytes,
            TotalBytes = place.Phase == CachePhases.Ready ? null : place.TotalBytes,
            BytesPerSecond = place.BytesPerSecond,
            SecondsLeft = place.SecondsLeft,
            FetchedHash = place.FetchedHash,
            VerifiedAt = place.VerifiedAt,
            Reason = place.Trouble?.Reason,
            Message = place.Trouble is { } trouble ? Text.Cut(trouble.Message, MessageLength) : null,
        }),
    ];

    // What a finished pod left is read once and remembered, for as long as anything of this spec is there.
    private static ModelCacheStatus Known(ModelCacheStatus? before, List<PlaceView> places)
    {
        if (places.Select(place => place.Found).FirstOrDefault(model => model is not null) is { } found)
        {
            return new() { Sha256 = Cut(found.Sha256, 64), SizeBytes = found.SizeBytes, Revision = Cut(found.Revision, 128), License = Cut(found.License, 128) };
        }

        var isRecorded = before is not null && places.Any(place => place.FetchedHash is { } hash && (before.FetchedHash == hash || before.Nodes?.Any(node => node.FetchedHash == hash) == true));
        return isRecorded ? before! : new();
    }

    private static long? Sum(List<PlaceView> places, Func<PlaceView, long?> bytes) =>
        places.Any(place => bytes(place) is not null) ? places.Sum(place => bytes(place) ?? 0) : null;

    private static string? Percent(List<PlaceView> places) => places switch
    {
        [{ Phase: CachePhases.Ready }] => "100%",
        [{ FetchedBytes: { } fetched, TotalBytes: { } total and > 0 }] => string.Create(CultureInfo.InvariantCulture, $"{(long)(100.0 * fetched / total)}%"),
        _ => null,
    };

    private static string? Human(long? bytes)
    {
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB"];
        if (bytes is not > 0)
        {
            return null;
        }

        var unit = Math.Min(units.Length - 1, (int)Math.Log(bytes.Value, 1024));
        return string.Create(CultureInfo.InvariantCulture, $"{(unit == 0 ? bytes.Value : Math.Round(bytes.Value / Math.Pow(1024, unit), 1))} {units[unit]}");
    }

    private static string? Cut(string? text, int length) => string.IsNullOrEmpty(text) ? null : Text.Cut(text, length);

    private static IReadOnlyList<Condition> Conditions(ModelCache cache, Obstacle? obstacle, CacheVerdict verdict)
    {
        var generation = cache.Metadata.Generation;
        Condition Make(string type, bool status, string reason, string message) => ModelDeployments.Status.Conditions.Make(type, status, reason, message, generation);
        return
        [
            obstacle is { RejectsSpec: true }
                ? Make(ConditionTypes.Accepted, false, obstacle.Reason, obstacle.Message)
                : Make(ConditionTypes.Accepted, true, Reasons.Accepted, "The spec is valid."),
            Make(ConditionTypes.Ready, verdict.IsReady, verdict.Reason, verdict.Message),
            verdict.IsReady || verdict.IsStalled
                ? Make(ConditionTypes.Reconciling, false, verdict.IsStalled ? verdict.Reason : Reasons.UpToDate, verdict.IsStalled ? "Nothing goes on until someone changes something; see the condition Stalled." : "Nothing is left to do.")
                : Make(ConditionTypes.Reconciling, true, verdict.Reason, verdict.Message),
            verdict.IsStalled
                ? Make(ConditionTypes.Stalled, true, verdict.Reason, verdict.Message)
                : Make(ConditionTypes.Stalled, false, Reasons.NothingStalled, "Nothing waits for someone to change something."),
        ];
    }
}
