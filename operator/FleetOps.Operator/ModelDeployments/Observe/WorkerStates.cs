using System.Collections.Concurrent;
using FleetOps.Api;
using FleetOps.ControllerRuntime;
using FleetOps.ControllerRuntime.Informers;
using k8s.Models;

namespace FleetOps.Operator.ModelDeployments.Observe;

/// <summary>
/// What the workers last told about themselves, and which of them are to be asked: those that are not ready, and those that are and have
/// not told yet what they serve and how long they took to. Follows the pods change by change, so that a fleet at rest costs nothing. Thread-safe. What an earlier
/// container of a pod told is not given out, and nothing is kept of pods that are gone.
/// </summary>
internal sealed class WorkerStates(TimeProvider time)
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, Report> _reports = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, V1Pod> _open = new(StringComparer.Ordinal);

    /// <summary>How many pods something is kept of.</summary>
    public int Count => _reports.Count;

    /// <summary>Follows a change of a pod.</summary>
    public void PodChanged(Change<V1Pod> change)
    {
        if (change.Old is { } old && old.Metadata.Uid != change.Current.Metadata.Uid)
        {
            Forget(old.Metadata.Uid);
        }

        var pod = change.Current;
        if (change.Kind == ChangeKind.Deleted)
        {
            Forget(pod.Metadata.Uid);
        }
        else if (IsToBeAsked(pod))
        {
            _open[pod.Metadata.Uid] = pod;
        }
        else
        {
            _open.TryRemove(pod.Metadata.Uid, out _);
        }
    }

    /// <summary>The pods to ask now; one that has been silent for long is asked more and more rarely.</summary>
    public IReadOnlyList<V1Pod> ToAsk()
    {
        if (_open.IsEmpty)
        {
            return [];
        }

        var now = time.GetTimestamp();
        return [.. _open.Values.Where(pod => Current(pod) is not { } report || report.AskAt <= now)];
    }

    /// <summary>A pod together with what its worker told.</summary>
    public WorkerObservation Observe(V1Pod pod) =>
        Current(pod) is { } report ? new(pod, report.State, report.Silence, report.IsUnreadyLong) : new(pod);

    /// <summary>Keeps an answer.</summary>
    /// <param name="pod">Whose worker answered.</param>
    /// <param name="state">What it answered.</param>
    /// <param name="patience">Answers after which a worker that serves and is not ready counts as one whose probe fails.</param>
    /// <returns>Whether it says something that status would show.</returns>
    public bool Answered(V1Pod pod, WorkerState state, int patience)
    {
        var before = Current(pod);
        var shown = before?.State is { } known && !IsNews(known, state) ? known : Shared(state);
        var unready = state.Phase == WorkerPhases.Serving && !IsReady(pod) ? (before?.Unready ?? 0) + 1 : 0;
        var isUnreadyLong = unready >= patience;
        Keep(pod, new(ContainerIdOf(pod)) { State = shown, Unready = unready, IsUnreadyLong = isUnreadyLong });
        if (IsReady(pod) && HasToldAll(shown))
        {
            _open.TryRemove(new(pod.Metadata.Uid, pod));
        }

        return !ReferenceEquals(shown, before?.State) || before?.Silence is not null || isUnreadyLong != (before?.IsUnreadyLong ?? false);
    }

    /// <summary>Keeps that a worker did not answer; it counts as silent after <paramref name="patience"/> tries in vain.</summary>
    /// <returns>Whether status would show a difference.</returns>
    public bool DidNotAnswer(V1Pod pod, string fault, int patience)
    {
        var before = Current(pod);
        var tries = (before?.Silent ?? 0) + 1;
        var silence = before?.Silence ?? (tries >= patience ? fault : null);
        Keep(pod, new(ContainerIdOf(pod))
        {
            State = silence is null ? before?.State : null,
            Silence = silence,
            Silent = tries,
            AskAt = tries < patience ? 0 : AskAt(tries - patience + 1),
        });
        return silence is not null && before?.Silence is null;
    }

    /// <summary>The container that answers now; empty when none runs.</summary>
    public static string ContainerIdOf(V1Pod pod) => WorkerPods.Container(pod)?.ContainerID ?? "";

    private bool IsToBeAsked(V1Pod pod) =>
        pod.Metadata.DeletionTimestamp is null
        && pod.Status?.PodIP is { Length: > 0 }
        && WorkerPods.Container(pod) is { ContainerID.Length: > 0, State.Running: not null } container
        && !(container.Ready && Current(pod)?.State is { } state && HasToldAll(state));

    private static bool HasToldAll(WorkerState state) =>
        state is { Model: not null, Phase: not (WorkerPhases.Fetching or WorkerPhases.Verifying or WorkerPhases.Loading or WorkerPhases.Warming) };

    private void Keep(V1Pod pod, Report report)
    {
        _reports[pod.Metadata.Uid] = report;
        if (!_open.ContainsKey(pod.Metadata.Uid))
        {
            // It went while it was asked.
            _reports.TryRemove(new(pod.Metadata.Uid, report));
        }
    }

    private void Forget(string uid)
    {
        _open.TryRemove(uid, out _);
        _reports.TryRemove(uid, out _);
    }

    private long AskAt(int tries) =>
        time.GetTimestamp() + (long)(Math.Min(tries, LongestPause.TotalSeconds) * time.TimestampFrequency);

    private Report? Current(V1Pod pod) =>
        _reports.TryGetValue(pod.Metadata.Uid, out var report) && report.ContainerId == ContainerIdOf(pod) ? report : null;

    private static bool IsReady(V1Pod pod) => WorkerPods.Container(pod)?.Ready == true;

    // Many workers serve one model, and all of them the same few phases.
    private static WorkerState Shared(WorkerState state) => state with
    {
        Phase = SharedStrings.Of(state.Phase),
        Reason = SharedStrings.Of(state.Reason),
        Message = SharedStrings.Of(state.Message),
        Model = SharedRecords<WorkerModel>.Of(state.Model),
        Phases = null,
        Memory = SharedRecords<WorkerMemory>.Of(state.Memory),
    };

    // Progress counts by whole percents: a file of any size causes at most a hundred writes of status.
    private static bool IsNews(WorkerState before, WorkerState now) =>
        Percent(before) != Percent(now)
        || WithoutProgress(before) != WithoutProgress(now);

    // A rate is never the same twice: it is told along with the percents.
    private static WorkerState WithoutProgress(WorkerState state) => state with { FetchedBytes = 0, BytesPerSecond = 0, SecondsLeft = null, Since = null, Phases = null };

    private static long Percent(WorkerState state) => state.TotalBytes > 0 ? (long)(100.0 * state.FetchedBytes / state.TotalBytes) : 0;

    private sealed record Report(string ContainerId)
    {
        public WorkerState? State { get; init; }

        public string? Silence { get; init; }

        /// <summary>Tries in vain since the last answer.</summary>
        public int Silent { get; init; }

        /// <summary>Answers in a row of a worker that serves and is not ready.</summary>
        public int Unready { get; init; }

        public bool IsUnreadyLong { get; init; }

        /// <summary>Timestamp before which the worker is left alone.</summary>
        public long AskAt { get; init; }
    }
}
