using System.Collections.Concurrent;
using FleetOps.Operator.ModelDeployments.Plan;
using k8s.Models;

namespace FleetOps.Operator.ModelDeployments.Observe;

/// <summary>What the workers last told about themselves. Thread-safe. What an earlier container of a pod told is not given out.</summary>
internal sealed class WorkerStates
{
    private readonly ConcurrentDictionary<string, Report> _reports = new(StringComparer.Ordinal);

    /// <summary>A pod together with what its worker told.</summary>
    public WorkerObservation Observe(V1Pod pod) =>
        _reports.TryGetValue(pod.Metadata.Uid, out var report) && report.ContainerId == ContainerIdOf(pod)
            ? new(pod, report.State, report.Silence)
            : new(pod);

    /// <summary>Keeps an answer.</summary>
    /// <returns>Whether it says something that status would show.</returns>
    public bool Answered(V1Pod pod, WorkerState state)
    {
        var before = Current(pod);
        var shown = before?.State is { } known && !IsNews(known, state) ? known : state;
        _reports[pod.Metadata.Uid] = new(ContainerIdOf(pod), shown, null, 0);
        return !ReferenceEquals(shown, before?.State) || before?.Silence is not null;
    }

    /// <summary>Keeps that a worker did not answer; it counts as silent after <paramref name="patience"/> tries in vain.</summary>
    /// <returns>Whether status would show a difference.</returns>
    public bool DidNotAnswer(V1Pod pod, string fault, int patience)
    {
        var before = Current(pod);
        var tries = (before?.Tries ?? 0) + 1;
        var silence = before?.Silence ?? (tries >= patience ? fault : null);
        _reports[pod.Metadata.Uid] = new(ContainerIdOf(pod), silence is null ? before?.State : null, silence, tries);
        return silence is not null && before?.Silence is null;
    }

    /// <summary>Forgets pods that are gone.</summary>
    public void Keep(IReadOnlySet<string> podUids)
    {
        foreach (var uid in _reports.Keys)
        {
            if (!podUids.Contains(uid))
            {
                _reports.TryRemove(uid, out _);
            }
        }
    }

    /// <summary>The container that answers now; empty when none runs.</summary>
    public static string ContainerIdOf(V1Pod pod)
    {
        foreach (var status in pod.Status?.ContainerStatuses ?? [])
        {
            if (status.Name == WorkerContract.ContainerName)
            {
                return status.ContainerID ?? "";
            }
        }

        return "";
    }

    private Report? Current(V1Pod pod) =>
        _reports.TryGetValue(pod.Metadata.Uid, out var report) && report.ContainerId == ContainerIdOf(pod) ? report : null;

    // Progress counts by whole percents: a file of any size causes at most a hundred writes of status.
    private static bool IsNews(WorkerState before, WorkerState now) =>
        Percent(before) != Percent(now)
        || before with { FetchedBytes = 0, Since = null } != now with { FetchedBytes = 0, Since = null };

    private static long Percent(WorkerState state) => state.TotalBytes > 0 ? (long)(100.0 * state.FetchedBytes / state.TotalBytes) : 0;

    private sealed record Report(string ContainerId, WorkerState? State, string? Silence, int Tries);
}
