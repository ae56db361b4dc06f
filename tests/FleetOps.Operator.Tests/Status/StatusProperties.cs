using System.Text.Json;
using FleetOps.Api;
using FleetOps.Operator.ModelDeployments.Observe;
using FleetOps.Operator.ModelDeployments.Plan;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using k8s.Models;

namespace FleetOps.Operator.Tests.Status;

/// <summary>What holds of status whatever pods, kubelets and workers say.</summary>
public sealed class StatusProperties
{
    [Property(MaxTest = 500)]
    public Property Conditions_never_contradict_each_other() => Prop.ForAll(Observations(), observed =>
    {
        var status = Given.StatusOf(observed);
        string Of(string type) => Given.Condition(status, type).Status;
        var isReady = Of(ConditionTypes.Ready) == "True";
        var isStalled = Of(ConditionTypes.Stalled) == "True";
        return (!isReady || !isStalled)
            && (!isReady || observed.Model.Spec.Replicas == 0 || Of(ConditionTypes.Available) == "True")
            && (!isReady || Of(ConditionTypes.Accepted) == "True")
            && (!isStalled || Of(ConditionTypes.Reconciling) == "False")
            && (isReady || isStalled || Of(ConditionTypes.Reconciling) == "True")
            && (status.Phase is not (Phases.Ready) || isReady)
            && (status.Phase is not (Phases.Failed or Phases.Degraded) || !isReady)
            && (Of(ConditionTypes.Available) == "True") == (status.ReadyReplicas > 0)
            && status.ReadyReplicas <= status.Replicas
            && status.UpdatedReplicas <= status.Replicas;
    });

    [Property]
    public Property The_order_in_which_pods_are_found_does_not_matter() => Prop.ForAll(Observations(), observed =>
        Text(Given.StatusOf(observed)) == Text(Given.StatusOf(observed with { Workers = [.. observed.Workers.Reverse()] })));

    [Property]
    public Property Status_fits_the_bounds_of_its_schema_and_is_text() => Prop.ForAll(Observations(), observed =>
    {
        var status = Given.StatusOf(observed);
        var texts = status.Conditions!.Select(c => c.Message).Concat((status.Workers ?? []).Select(w => w.Message)).OfType<string>().ToList();
        return (status.Workers?.Count ?? 0) <= 20
            && (status.Workers ?? []).All(w => WorkerPhases.All.Contains(w.Phase) && w.Message is null or { Length: <= 1024 })
            && status.Conditions!.All(c => c.Message.Length <= 4096 && Reasons.All.Contains(c.Reason))
            && texts.TrueForAll(text => JsonSerializer.Deserialize<string>(JsonSerializer.Serialize(text)) == text);
    });

    private static string Text(ModelDeploymentStatus status) => JsonSerializer.Serialize(status, FleetOpsJson.Default.ModelDeploymentStatus);

    private static Arbitrary<Observation> Observations() => Arb.From(
        from replicas in Gen.Choose(0, 3)
        let before = Given.Model(spec: new() { Model = new() { Source = "hf://o/r/f.gguf", CredentialsSecretRef = new() { Name = "hf" } }, Resources = new() { Gpus = 1 }, Replicas = replicas })
        let after = Given.Model(spec: before.Spec with { Engine = new() { ContextLength = 8192 } })
        from count in Gen.Choose(0, 24)
        from workers in Workers(before, after).ArrayOf(count)
        from isSecretThere in Gen.Frequency((5, Gen.Constant(true)), (1, Gen.Constant(false)))
        from offers in Gen.Elements(null, GpuOffers.Of([]), GpuOffers.Of([GpuNode()]))
        from isDeleted in Gen.Frequency((9, Gen.Constant(false)), (1, Gen.Constant(true)))
        select Observed(after, workers, isSecretThere, offers, isDeleted));

    private static Observation Observed(ModelDeployment model, WorkerObservation[] workers, bool isSecretThere, GpuOffers? offers, bool isDeleted)
    {
        for (var i = 0; i < workers.Length; i++)
        {
            workers[i].Pod.Metadata.Name = $"demo-{i}";
        }

        var observed = Given.Carried(model, workers) with { MissingSecret = isSecretThere ? null : new SecretUse("hf", "spec.model.credentialsSecretRef"), Gpus = offers };
        model.Metadata.DeletionTimestamp = isDeleted ? new DateTime(2026, 1, 1, 2, 0, 0, DateTimeKind.Utc) : null;
        return observed;
    }

    private static Gen<WorkerObservation> Workers(ModelDeployment before, ModelDeployment after) =>
        from model in Gen.Elements(before, after)
        from phase in Gen.Elements<string?>(null, "Pending", "Running", "Running", "Failed", "Succeeded")
        from isReady in Gen.Elements(true, false)
        from isEnding in Gen.Frequency((4, Gen.Constant(false)), (1, Gen.Constant(true)))
        from scheduled in Gen.Elements<string?>(null, "", "0/1 nodes are available: 1 Insufficient nvidia.com/gpu.", "pod has unbound immediate PersistentVolumeClaims")
        from container in Gen.Elements(Containers)
        from evicted in Gen.Elements<string?>(null, "Evicted")
        from state in States()
        from silence in Gen.Elements<string?>(null, null, "connection refused")
        select new WorkerObservation(Pod(model, phase, isReady, isEnding, scheduled, container, evicted), state, silence, state is not null && !isReady);

    private static Gen<WorkerState?> States() =>
        from isTold in Gen.Elements(true, false)
        from phase in Gen.Elements(["", "Pondering", .. WorkerPhases.All])
        from reason in Gen.Elements<string?>(["", null, "Unknown to us", .. Reasons.All])
        from message in Gen.Elements<string?>(null, "", "short", string.Concat(Enumerable.Repeat("😀", 3000)), "x" + string.Concat(Enumerable.Repeat("😀", 3000)))
        from memory in Gen.Elements<WorkerMemory?>(null, new WorkerMemory { TotalBytes = 100L << 30, GpuBytes = 90L << 30 })
        select isTold ? new WorkerState { Phase = phase, Reason = reason, Message = message, FetchedBytes = 5, TotalBytes = 10, Memory = memory } : null;

    private static V1Node GpuNode() => new()
    {
        Metadata = new() { Name = "gpu", Labels = new Dictionary<string, string>(StringComparer.Ordinal) { [GpuOffers.MemoryLabel] = "23034" } },
        Status = new() { Allocatable = new Dictionary<string, ResourceQuantity>(StringComparer.Ordinal) { ["nvidia.com/gpu"] = new("1") } },
    };

    private static V1Pod Pod(ModelDeployment model, string? phase, bool isReady, bool isEnding, string? scheduled, V1ContainerStatus? container, string? reason)
    {
        var pod = Given.Pod(model, "{}");
        pod.Metadata.DeletionTimestamp = isEnding ? new DateTime(2026, 1, 1, 1, 0, 0, DateTimeKind.Utc) : null;
        pod.Status = new()
        {
            Phase = phase,
            Reason = phase == "Failed" ? reason : null,
            Conditions = [new() { Type = "Ready", Status = isReady ? "True" : "False" }],
            ContainerStatuses = container is null ? null : [container],
        };
        if (scheduled is not null)
        {
            pod.Status.Conditions.Add(new() { Type = "PodScheduled", Status = "False", Reason = "Unschedulable", Message = scheduled });
        }

        return pod;
    }

    private static readonly V1ContainerStatus?[] Containers =
    [
        null,
        Container(new() { Running = new() }),
        Container(new() { Running = new() }, new() { Terminated = new() { ExitCode = 139 } }),
        Container(new() { Waiting = new() { Reason = "ContainerCreating" } }),
        Container(new() { Waiting = new() { Reason = "ErrImagePull", Message = "manifest unknown" } }),
        Container(new() { Waiting = new() { Reason = "CrashLoopBackOff" } }, new() { Terminated = new() { ExitCode = 0 } }),
        Container(new() { Waiting = new() { Reason = "CrashLoopBackOff" } }, new() { Terminated = new() { ExitCode = 137, Reason = "OOMKilled" } }),
        Container(new() { Terminated = new() { ExitCode = 65, Message = "{\"reason\":\"DigestMismatch\"" } }),
        Container(new() { Terminated = new() { ExitCode = 3, Message = string.Concat(Enumerable.Repeat("😀", 2000)) } }),
    ];

    private static V1ContainerStatus Container(V1ContainerState state, V1ContainerState? last = null) =>
        new() { Name = "worker", Image = "i", ImageID = "", State = state, LastState = last, RestartCount = last is null ? 0 : 3 };
}
