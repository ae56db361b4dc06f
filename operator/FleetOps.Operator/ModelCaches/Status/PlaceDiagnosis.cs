using FleetOps.Api;
using FleetOps.Operator.ModelCaches.Observe;
using FleetOps.Operator.ModelCaches.Plan;
using FleetOps.Operator.ModelDeployments.Observe;
using FleetOps.Operator.ModelDeployments.Status;
using k8s.Models;

namespace FleetOps.Operator.ModelCaches.Status;

/// <summary>From a Job, its pods and what they told to one view of the place.</summary>
internal static class PlaceDiagnosis
{
    private static readonly ResourcesSpec NoGpus = new();

    /// <param name="observed">What is.</param>
    /// <param name="place">A place of the present spec.</param>
    public static PlaceView View(CacheObservation observed, FetchPlace place)
    {
        var job = observed.Jobs.FirstOrDefault(job => job.Metadata.Name == place.Job);
        var pods = observed.Pods.Where(pod => IsOf(pod, place)).ToList();
        var found = pods.Select(pod => Found(pod.Pod)).FirstOrDefault(model => model is not null);
        // Jobs and pods are heard of separately, and what was fetched is told by the pod.
        var hasEnded = job is not null && JobState.IsComplete(job) && (!place.IsRecorded || place.IsDue)
            && (found is not null || !pods.Any(pod => IsAtWork(pod.Pod)));
        if (hasEnded || place is { IsRecorded: true, IsDue: false })
        {
            return Ready(place, hasEnded ? null : place.VerifiedAt, observed.Now) with { Found = found, FetchedBytes = found?.SizeBytes, TotalBytes = found?.SizeBytes };
        }

        var view = job is null ? new() { Node = place.Node, Phase = CachePhases.Pending } : OfJob(observed, pods, place, job);
        // What was right at the last look is taken for right until this one shows otherwise: that it fails, or that it has to fetch.
        return !place.IsRecorded ? view
            : view.Phase is CachePhases.Failed or CachePhases.Fetching ? view with { FetchedHash = place.Hash, VerifiedAt = place.VerifiedAt }
            : Ready(place, place.VerifiedAt, observed.Now);
    }

    private static PlaceView Ready(FetchPlace place, DateTime? verifiedAt, DateTimeOffset now) => new()
    {
        Node = place.Node,
        Phase = CachePhases.Ready,
        FetchedHash = place.Hash,
        // Kubernetes' times have whole seconds.
        VerifiedAt = verifiedAt ?? DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds()).UtcDateTime,
    };

    private static PlaceView OfJob(CacheObservation observed, IEnumerable<WorkerObservation> own, FetchPlace place, V1Job job)
    {
        var previous = Previous(observed.Cache.Status, place);
        var pods = own
            .OrderByDescending(pod => pod.Pod.Metadata.CreationTimestamp)
            .Select(pod => PodDiagnosis.View(pod, null, NoGpus, null, previous?.WithPod(pod.Pod.Metadata.Name), isServer: false))
            .ToList();
        var last = pods.FirstOrDefault(pod => pod is { IsOver: true, Trouble: not null })?.Trouble;
        if (JobState.Failure(job) is { } failure)
        {
            var trouble = last ?? ReasonTraits.Describe(Reasons.CrashLoop, $"Job {place.Job}", $"it has given up ({failure.Reason}: {failure.Message})");
            return new() { Node = place.Node, Phase = CachePhases.Failed, Trouble = FetchCures.GivenUp(trouble, place.Job) };
        }

        // What a new try would meet again is told until the new try has shown otherwise.
        var current = pods.FirstOrDefault(pod => pod is { IsOver: false, IsEnding: false });
        var held = FetchCures.For(current?.Trouble ?? (last is { NeedsChange: true } || current is null ? last : null));
        return new()
        {
            Node = place.Node,
            Phase = held is { NeedsChange: true } ? CachePhases.Failed : Phase(current?.Phase),
            FetchedBytes = current?.FetchedBytes,
            TotalBytes = current?.TotalBytes,
            BytesPerSecond = current?.BytesPerSecond,
            SecondsLeft = current?.SecondsLeft,
            Trouble = held,
        };
    }

    private static bool IsOf(WorkerObservation pod, FetchPlace place) => WorkerPods.Annotation(pod.Pod, Labels.CacheJob) == place.Job;

    private static bool IsAtWork(V1Pod pod) => pod is { Metadata.DeletionTimestamp: null, Status.Phase: not ("Succeeded" or "Failed") };

    private static WorkerModel? Found(V1Pod pod) =>
        WorkerPods.Container(pod)?.State?.Terminated is { ExitCode: 0, Message: { } words } ? Termination.LastWords(words)?.Model : null;

    private static string Phase(string? worker) => worker switch
    {
        WorkerPhases.Fetching => CachePhases.Fetching,
        // What comes after it is only to end.
        WorkerPhases.Verifying or WorkerPhases.Stopped => CachePhases.Verifying,
        _ => CachePhases.Pending,
    };

    // After a restart of the operator, until the pod has told again.
    private static KnownProgress? Previous(ModelCacheStatus? status, FetchPlace place)
    {
        if (place.Node is null)
        {
            return status is { Phase: CachePhases.Fetching or CachePhases.Verifying } ? new(status.Phase, status.FetchedBytes, status.TotalBytes, status.BytesPerSecond, status.SecondsLeft) : null;
        }

        var node = status?.Nodes?.FirstOrDefault(node => node.Name == place.Node);
        return node is { Phase: CachePhases.Fetching or CachePhases.Verifying } ? new(node.Phase, node.FetchedBytes, node.TotalBytes, node.BytesPerSecond, node.SecondsLeft) : null;
    }

    private sealed record KnownProgress(string Phase, long? FetchedBytes, long? TotalBytes, long? BytesPerSecond, long? SecondsLeft)
    {
        public WorkerStatus WithPod(string pod) => new() { Pod = pod, Phase = Phase, FetchedBytes = FetchedBytes, TotalBytes = TotalBytes, BytesPerSecond = BytesPerSecond, SecondsLeft = SecondsLeft };
    }
}
