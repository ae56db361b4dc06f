using FleetOps.Api;
using FleetOps.Operator.ModelCaches.Observe;
using FleetOps.Operator.ModelDeployments.Observe;
using FleetOps.Operator.ModelDeployments.Plan;
using k8s.Models;

namespace FleetOps.Operator.ModelCaches.Plan;

/// <summary>
/// From what is observed to the Jobs that should exist. A pure function: no clock, no network, nothing remembered but in status: a place whose
/// fetch is noted there needs no Job, so that one that Kubernetes has removed is not run again.
/// </summary>
internal static class CachePlanner
{
    /// <summary>Jobs of one ModelCache that fetch at once.</summary>
    public const int MostAtOnce = 4;

    public static CachePlan Plan(CacheObservation observed, WorkerSettings settings)
    {
        var cache = observed.Cache;
        if (cache.Metadata.DeletionTimestamp is not null)
        {
            return RemovalPlanner.Plan(observed, settings);
        }

        if (CacheRules.FirstObstacle(cache.Spec, settings, observed.Nodes is not null) is { } obstacle)
        {
            return new() { Obstacle = obstacle };
        }

        var places = FetchPlace.Of(observed);
        var wanted = places.Select(place => place.Job).ToHashSet(StringComparer.Ordinal);
        return new()
        {
            Places = places,
            NetworkPolicy = observed.NetworkPolicy?.Metadata.DeletionTimestamp is null ? FetchNetworkPolicy.For(cache, settings) : null,
            HoldsFinalizer = cache.Spec.DeletionPolicy != DeletionPolicy.Retain,
            LookAgainAfter = places.Min(place => place.DueAt - observed.Now),
            Create = observed.MissingSecret is null ? Missing(observed, places, settings) : [],
            Delete = [.. observed.Jobs.Where(job => !wanted.Contains(job.Metadata.Name) && !JobState.IsEnding(job))],
            Obstacle = observed.MissingSecret is { } secret ? MissingSecret(cache, secret) : null,
        };
    }

    private static V1Job[] Missing(CacheObservation observed, IReadOnlyList<FetchPlace> places, WorkerSettings settings)
    {
        var existing = observed.Jobs.ToDictionary(job => job.Metadata.Name, StringComparer.Ordinal);
        var free = MostAtOnce - observed.Jobs.Count(job => !JobState.IsOver(job) && !IsStuck(observed, job));
        return
        [
            .. places
                .Where(place => !existing.ContainsKey(place.Job) && (!place.IsRecorded || place.IsDue))
                .Take(Math.Max(0, free))
                .Select(place => FetchJob.For(observed.Cache, place, settings)),
        ];
    }

    // A node that takes no pod for now must not keep the others waiting.
    private static bool IsStuck(CacheObservation observed, V1Job job) => observed.Pods.Any(pod =>
        WorkerPods.Annotation(pod.Pod, Labels.CacheJob) == job.Metadata.Name
        && pod.Pod.Status?.Conditions?.Any(condition => condition is { Type: "PodScheduled", Status: "False" }) == true);

    private static Obstacle MissingSecret(ModelCache cache, SecretUse secret) => new(
        Reasons.SecretNotFound,
        $"Secret {secret.Name}, named in {secret.Field}, does not exist in namespace {cache.Metadata.NamespaceProperty}. "
        + "Create it, or correct the name; nothing else is needed then.",
        RejectsSpec: false);
}
