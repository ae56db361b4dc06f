using System.Globalization;
using FleetOps.Api;
using FleetOps.Operator.ModelCaches.Observe;
using FleetOps.Operator.ModelDeployments.Observe;
using FleetOps.Operator.ModelDeployments.Plan;
using FleetOps.Operator.ModelDeployments.Status;
using k8s.Models;

namespace FleetOps.Operator.ModelCaches.Plan;

/// <summary>
/// What is to be done for a ModelCache that is being deleted: a Job for each place that removes its files there, unless something else uses them, and
/// then the finalizer goes. It goes after a while in any case: a claim that nobody can mount must not keep its namespace from being deleted.
/// </summary>
internal static class RemovalPlanner
{
    /// <summary>How long one Job may take, a pod that waits for its volume included.</summary>
    public static TimeSpan JobLimit { get; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a ModelCache waits for all of them.</summary>
    public static TimeSpan Limit { get; } = TimeSpan.FromMinutes(15);

    private const string Purpose = "-remove";

    public static CachePlan Plan(CacheObservation observed, WorkerSettings settings)
    {
        var cache = observed.Cache;
        if (cache.Metadata.Finalizers?.Contains(ModelCache.FilesFinalizer) != true)
        {
            return new();
        }

        var source = cache.Spec.Model.Source;
        if (cache.Spec.DeletionPolicy == DeletionPolicy.Retain)
        {
            return LetGo(new(Reasons.FilesKept, $"The files of {source} stay, as spec.deletionPolicy says."));
        }

        if (observed.Users.Count > 0)
        {
            return LetGo(new(Reasons.FilesKept, $"The files of {source} stay, because {string.Join(", ", observed.Users)} use{(observed.Users.Count == 1 ? "s" : "")} them."));
        }

        if (CacheRules.FirstObstacle(cache.Spec, settings, observed.Nodes is not null) is { Reason: not Reasons.LicenseNotAccepted } obstacle)
        {
            return LetGo(new(Reasons.FilesLeft, $"Files of {source} may be left, because the spec cannot be acted on any more: {obstacle.Message}", IsTrouble: true));
        }

        // A claim or a node that is gone has taken its files along.
        var places = FetchPlace.Of(observed).Where(place => place.Node is not null || observed.ClaimIdentity is not null).ToList();
        var jobs = observed.Jobs.ToDictionary(job => job.Metadata.Name, StringComparer.Ordinal);
        List<(FetchPlace Place, string Name, V1Job? Job)> removals =
        [
            .. places.Select(place => (place, FetchNames.Job(cache, place.Node, purpose: Purpose)))
                .Select(pair => (pair.place, pair.Item2, jobs.GetValueOrDefault(pair.Item2))),
        ];
        var waited = observed.Now - (cache.Metadata.DeletionTimestamp is { } at ? new DateTimeOffset(DateTime.SpecifyKind(at, DateTimeKind.Utc)) : observed.Now);
        if (waited >= Limit || removals.All(removal => removal.Job is not null && JobState.IsOver(removal.Job)))
        {
            return LetGo(Result(observed, removals));
        }

        var names = removals.Select(removal => removal.Name).ToHashSet(StringComparer.Ordinal);
        var free = CachePlanner.MostAtOnce - removals.Count(removal => removal.Job is { } job && !JobState.IsOver(job));
        return new()
        {
            Create = [.. removals.Where(removal => removal.Job is null).Take(Math.Max(0, free)).Select(removal => FetchJob.ToRemove(cache, removal.Place, removal.Name, settings))],
            Delete = [.. observed.Jobs.Where(job => !names.Contains(job.Metadata.Name) && !JobState.IsEnding(job))],
            LookAgainAfter = Limit - waited,
        };
    }

    private static CachePlan LetGo(Farewell farewell) => new() { HoldsFinalizer = false, Farewell = farewell };

    private static Farewell Result(CacheObservation observed, List<(FetchPlace Place, string Name, V1Job? Job)> removals)
    {
        var cache = observed.Cache;
        var source = cache.Spec.Model.Source;
        if (removals.Count == 0)
        {
            return new(Reasons.FilesRemoved, cache.Spec.Target.ClaimName is { } gone
                ? $"There is no claim {gone} any more, and with it went what was fetched from {source}."
                : $"There is no node any more that would have files of {source}.");
        }

        var left = removals.Where(removal => removal.Job is null || !JobState.IsComplete(removal.Job)).ToList();
        if (left.Count > 0)
        {
            var words = left.SelectMany(removal => Words(observed, removal.Name)).FirstOrDefault(said => said.Message is { Length: > 0 })?.Message;
            var (where, cause) = (string.Join(", ", left.Take(5).Select(removal => Where(cache, removal.Place))), words is null ? "the Job that removes them did not come to its end" : Text.Cut(words, 400));
            return new(Reasons.FilesLeft, $"Files of {source} may be left on {where}: {cause}. Remove them by hand, or let them make room for others (maxSize).", IsTrouble: true);
        }

        var told = removals.SelectMany(removal => Words(observed, removal.Name)).Select(said => said.Removal).OfType<WorkerRemoval>().ToList();
        var bytes = told.Sum(removal => removal.Bytes);
        return told.Any(removal => removal.InUse)
            ? new(Reasons.FilesKept, $"The files of {source} stay where a process uses them; what nobody used has been removed ({bytes} bytes).")
            : new(Reasons.FilesRemoved, string.Create(CultureInfo.InvariantCulture, $"The files of {source} have been removed from {string.Join(", ", removals.Take(5).Select(removal => Where(cache, removal.Place)))}{(removals.Count > 5 ? " and others" : "")} ({bytes} bytes)."));
    }

    private static string Where(ModelCache cache, FetchPlace place) => place.Node is { } node ? $"node {node}" : $"claim {cache.Spec.Target.ClaimName}";

    private static IEnumerable<WorkerLastWords> Words(CacheObservation observed, string job) => observed.Pods
        .Where(pod => WorkerPods.Annotation(pod.Pod, Labels.CacheJob) == job)
        .Select(pod => Termination.LastWords(WorkerPods.Container(pod.Pod)?.State?.Terminated?.Message))
        .OfType<WorkerLastWords>();
}
