using FleetOps.Api;
using FleetOps.Operator.ModelDeployments.Observe;
using FleetOps.Operator.ModelDeployments.Plan;
using k8s.Models;

namespace FleetOps.Operator.ModelDeployments.Status;

/// <summary>From a pod's own signals and the worker's state to one view of the worker: how far it is and what holds it up.</summary>
internal static class PodDiagnosis
{
    /// <param name="worker">The pod and what the worker told.</param>
    /// <param name="templateHash">Hash of the present pod template; null when there is none.</param>
    /// <param name="resources">What a worker of the present spec asks for.</param>
    /// <param name="offers">What the nodes offer; null when that is not known.</param>
    /// <param name="previous">What status said about the same pod last, for what is not known yet after a restart of the operator.</param>
    /// <param name="isServer">Whether a pod that is ready serves; one that only fetches is ready as soon as it runs.</param>
    public static WorkerView View(WorkerObservation worker, string? templateHash, ResourcesSpec resources, GpuOffers? offers, WorkerStatus? previous, bool isServer = true)
    {
        var pod = worker.Pod;
        var container = WorkerPods.Container(pod);
        var view = new WorkerView
        {
            Pod = pod.Metadata.Name,
            Node = WorkerPods.NodeOf(pod),
            Phase = WorkerPhases.Pending,
            Since = Seconds(pod.Metadata.CreationTimestamp),
            IsCurrent = templateHash is not null && Annotation(pod, Labels.TemplateHash) == templateHash,
            IsReady = IsTrue(pod, "Ready"),
            IsEnding = pod.Metadata.DeletionTimestamp is not null,
        };

        if (view.IsEnding)
        {
            return view with { Phase = WorkerPhases.Draining, Since = Seconds(pod.Metadata.DeletionTimestamp), IsReady = false };
        }

        if (pod.Status?.Phase is "Failed" or "Succeeded")
        {
            return Ended(view with { IsOver = true }, pod, container);
        }

        if (view.IsReady && isServer)
        {
            return view with { Phase = WorkerPhases.Serving, Since = Seconds(Condition(pod, "Ready")?.LastTransitionTime) ?? view.Since };
        }

        return container?.State switch
        {
            { Running: { } running } => Running(view with { Since = Seconds(running.StartedAt) }, worker, container, previous),
            { Terminated: { } ended } => view with { Phase = WorkerPhases.Failed, Since = Seconds(ended.FinishedAt), Trouble = Termination.TroubleOf(view.Pod, ended) },
            { Waiting: { } waiting } => Waiting(view, waiting, container.LastState?.Terminated, previous),
            _ => view with { Trouble = Scheduling.TroubleOf(view.Pod, Condition(pod, "PodScheduled"), resources, view.IsCurrent ? offers : null) },
        };
    }

    public static bool IsRunning(V1Pod pod) => WorkerPods.Container(pod)?.State?.Running is not null;

    private static WorkerView Ended(WorkerView view, V1Pod pod, V1ContainerStatus? container)
    {
        var trouble = pod.Status.Reason is { Length: > 0 } reason
            ? ReasonTraits.Describe(
                IsAboutDisk(pod.Status.Message) ? Reasons.DiskFull : Reasons.PodEvicted,
                $"Pod {view.Pod}",
                $"{reason}: {pod.Status.Message ?? "the kubelet ended it"}")
            : container?.State?.Terminated is { } ended ? Termination.TroubleOf(view.Pod, ended) : null;
        return view with { Phase = trouble is null ? WorkerPhases.Stopped : WorkerPhases.Failed, IsReady = false, Trouble = trouble };
    }

    private static WorkerView Running(WorkerView view, WorkerObservation worker, V1ContainerStatus container, WorkerStatus? previous)
    {
        // A worker that has failed before is in trouble until it serves; otherwise a crash loop would look well every other minute.
        var earlier = container.LastState?.Terminated is { } ended ? Termination.TroubleOf(view.Pod, ended) : null;
        if (worker.State is { } state)
        {
            var told = state.Reason is { Length: > 0 } reason && Reasons.All.Contains(reason)
                ? ReasonTraits.Describe(reason, $"Pod {view.Pod}", state.Message ?? reason)
                : null;
            var isFetching = state.Phase == WorkerPhases.Fetching;
            return view with
            {
                Phase = WorkerPhases.All.Contains(state.Phase) ? state.Phase : WorkerPhases.Starting,
                Since = Seconds(state.Since) ?? view.Since,
                FetchedBytes = isFetching && state.TotalBytes > 0 ? state.FetchedBytes : null,
                TotalBytes = isFetching && state.TotalBytes > 0 ? state.TotalBytes : null,
                BytesPerSecond = isFetching && state.TotalBytes > 0 ? Rounded.TwoDigits(state.BytesPerSecond) : null,
                SecondsLeft = isFetching && state.TotalBytes > 0 ? Rounded.TwoDigits(state.SecondsLeft) : null,
                Trouble = told ?? earlier ?? (worker.IsUnreadyLong ? Unready(view.Pod) : null),
            };
        }

        if (worker.Silence is { } silence)
        {
            return view with
            {
                Phase = WorkerPhases.Starting,
                Trouble = earlier ?? ReasonTraits.Describe(Reasons.ProbeFailing, $"Pod {view.Pod}", $"the worker runs and does not answer on port {WorkerContract.HttpPort}: {silence}"),
            };
        }

        return earlier is null && previous is { Reason: null } && previous.Phase is not (WorkerPhases.Pending or WorkerPhases.Serving)
            ? view with { Phase = previous.Phase, Since = previous.Since, FetchedBytes = previous.FetchedBytes, TotalBytes = previous.TotalBytes, BytesPerSecond = previous.BytesPerSecond, SecondsLeft = previous.SecondsLeft }
            : view with { Phase = WorkerPhases.Starting, Trouble = earlier };
    }

    private static WorkerView Waiting(WorkerView view, V1ContainerStateWaiting waiting, V1ContainerStateTerminated? earlier, WorkerStatus? previous)
    {
        var subject = $"Pod {view.Pod}";
        var said = string.IsNullOrWhiteSpace(waiting.Message) ? waiting.Reason : $"{waiting.Reason}: {waiting.Message}";
        return waiting.Reason switch
        {
            // Between two tries the kubelet tells no cause; the one it told before still holds.
            "ImagePullBackOff" when previous is { Reason: Reasons.ImagePullFailed, Message: { } message } =>
                view with { Trouble = new(Reasons.ImagePullFailed, message) },
            "ErrImagePull" or "ImagePullBackOff" or "InvalidImageName" or "ErrImageNeverPull" or "ImageInspectError" or "RegistryUnavailable" =>
                view with { Trouble = ReasonTraits.Describe(Reasons.ImagePullFailed, subject, "the worker's image cannot be pulled" + Detail(waiting)) },
            "CreateContainerError" or "RunContainerError" when Termination.IsInitKilled(waiting.Message) =>
                view with { Trouble = ReasonTraits.Describe(Reasons.OutOfMemory, subject, $"the worker could not even be started within its memory limit ({said})") },
            "CreateContainerConfigError" or "CreateContainerError" or "RunContainerError" =>
                view with { Trouble = ReasonTraits.Describe(Reasons.ContainerConfigInvalid, subject, said) },
            "CrashLoopBackOff" => view with
            {
                Phase = WorkerPhases.Failed,
                Since = Seconds(earlier?.FinishedAt) ?? view.Since,
                Trouble = (earlier is null ? null : Termination.TroubleOf(view.Pod, earlier))
                    ?? ReasonTraits.Describe(Reasons.CrashLoop, subject, "the worker ends again and again without an error (exit code 0), as it does when the kubelet ends it because its probe fails"),
            },
            _ => view,
        };
    }

    private static string Detail(V1ContainerStateWaiting waiting) => string.IsNullOrWhiteSpace(waiting.Message) ? $" ({waiting.Reason})" : $": {waiting.Message}";

    private static Trouble Unready(string pod) => ReasonTraits.Describe(
        Reasons.ProbeFailing, $"Pod {pod}", $"the worker says that it serves, and the kubelet's readiness probe on port {WorkerContract.HttpPort} fails");

    // The kubelet evicts for want of memory and for want of disk; the cure is not the same.
    private static bool IsAboutDisk(string? message) =>
        message is not null
        && (message.Contains("ephemeral", StringComparison.OrdinalIgnoreCase) || message.Contains("EmptyDir", StringComparison.Ordinal) || message.Contains("disk", StringComparison.OrdinalIgnoreCase));

    private static bool IsTrue(V1Pod pod, string type) => Condition(pod, type)?.Status == "True";

    private static V1PodCondition? Condition(V1Pod pod, string type)
    {
        foreach (var condition in pod.Status?.Conditions ?? [])
        {
            if (condition.Type == type)
            {
                return condition;
            }
        }

        return null;
    }

    private static string? Annotation(V1Pod pod, string name) =>
        pod.Metadata.Annotations is { } annotations && annotations.TryGetValue(name, out var value) ? value : null;

    // Status is compared as it was written, and Kubernetes writes whole seconds.
    private static DateTime? Seconds(DateTime? time) => time is { } t ? new DateTime(t.Ticks - (t.Ticks % TimeSpan.TicksPerSecond), DateTimeKind.Utc) : null;
}
