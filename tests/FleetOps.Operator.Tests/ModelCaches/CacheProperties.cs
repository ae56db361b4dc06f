using FleetOps.Api;
using FleetOps.Operator.ModelCaches.Observe;
using FleetOps.Operator.ModelCaches.Plan;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using k8s.Models;

namespace FleetOps.Operator.Tests.ModelCaches;

public sealed class CacheProperties
{
    [Property]
    public Property What_was_planned_and_done_leaves_nothing_to_do() => Prop.ForAll(Observations(), observed =>
    {
        var done = GivenCache.Carried(observed);
        var plan = GivenCache.Plan(done);
        return plan.Create.Count == 0 && plan.Delete.Count == 0;
    });

    [Property]
    public Property Jobs_are_owned_named_for_labels_and_differ_for_each_place() => Prop.ForAll(Observations(), observed =>
    {
        var jobs = GivenCache.Plan(observed).Create;
        return jobs.All(job => job.Metadata.Name.Length <= 57 && char.IsAsciiLetterOrDigit(job.Metadata.Name[^1]) && job.Metadata.OwnerReferences.Single() is { Controller: true, Kind: ModelCache.KindName })
            && jobs.All(job => job.Metadata.Labels[Labels.Cache].Length <= 63)
            && jobs.Select(job => job.Metadata.Name).Distinct(StringComparer.Ordinal).Count() == jobs.Count;
    });

    [Property]
    public Property Pods_meet_the_restricted_profile_but_for_the_directory_of_a_node() => Prop.ForAll(Observations(), observed =>
        GivenCache.Plan(observed).Create.Select(job => job.Spec.Template.Spec).All(pod =>
            pod is { AutomountServiceAccountToken: false, RestartPolicy: "Never", SecurityContext: { RunAsNonRoot: true, SeccompProfile.Type: "RuntimeDefault" } }
            && pod.Containers is [{ SecurityContext: { AllowPrivilegeEscalation: false, ReadOnlyRootFilesystem: true, Capabilities.Drop: ["ALL"] } }]
            && pod.Volumes.All(volume => volume is { EmptyDir: not null } or { PersistentVolumeClaim: not null } or { Secret: not null }
                || (volume.HostPath is not null && observed.Cache.Spec.Target.Nodes is not null))));

    [Property]
    public Property Status_speaks_in_the_closed_lists_and_never_contradicts_itself() => Prop.ForAll(Observations(), observed =>
    {
        var status = GivenCache.StatusOf(observed);
        bool Is(string type) => GivenCache.Condition(status, type).Status == "True";
        return status.Conditions!.Select(c => c.Type).SequenceEqual([ConditionTypes.Accepted, ConditionTypes.Ready, ConditionTypes.Reconciling, ConditionTypes.Stalled])
            && status.Conditions!.All(c => Reasons.All.Contains(c.Reason) && c.Message.Length is > 0 and <= 4096 && c.ObservedGeneration == 2)
            && CachePhases.All.Contains(status.Phase!)
            && (status.Nodes ?? []).Count <= 64
            && (Is(ConditionTypes.Ready) ? 1 : 0) + (Is(ConditionTypes.Reconciling) ? 1 : 0) + (Is(ConditionTypes.Stalled) ? 1 : 0) == 1;
    });

    [Property]
    public Property Status_that_was_written_is_planned_again() => Prop.ForAll(Observations(), observed =>
    {
        var first = GivenCache.Told(observed);
        var second = GivenCache.StatusOf(first);
        var status = first.Cache.Status!;
        return status.Conditions!.SequenceEqual(second.Conditions!)
            && (status.Nodes ?? []).SequenceEqual(second.Nodes ?? [])
            && status with { Conditions = null, Nodes = null } == second with { Conditions = null, Nodes = null };
    });

    [Property]
    public Property A_name_of_any_length_makes_names_that_Kubernetes_takes() => Prop.ForAll(Arb.From(Gen.Choose(1, 253)), length =>
    {
        var cache = GivenCache.Cache(name: new string('a', length));
        return FetchNames.Job(cache, null) is { Length: <= 57 } && FetchNames.Label(cache.Metadata.Name) is { Length: <= 63 };
    });

    private static Arbitrary<CacheObservation> Observations() => Arb.From(
        from onNodes in Gen.Elements(true, false)
        from nodes in Gen.Choose(0, 70)
        from digest in Gen.Elements<string?>(null, GivenCache.Digest, "bad")
        from started in Gen.Choose(0, 6)
        from outcomes in Gen.Choose(0, 6).ArrayOf(started)
        let spec = (onNodes ? GivenCache.OnNodes() : GivenCache.OnClaim) with { Model = new() { Source = "hf://o/r/f.gguf", Sha256 = digest } }
        let empty = new CacheObservation { Cache = GivenCache.Cache(spec), Nodes = onNodes ? [.. Enumerable.Range(0, nodes).Select(i => $"n{i:00}")] : null }
        select outcomes.Aggregate(empty, After));

    private static CacheObservation After(CacheObservation observed, int outcome)
    {
        var carried = GivenCache.Carried(observed);
        if (carried.Jobs.FirstOrDefault(job => job.Status is null) is not { } job)
        {
            return GivenCache.Told(carried);
        }

        CacheObservation Replaced(V1Job ended, params FleetOps.Operator.ModelDeployments.Observe.WorkerObservation[] pods) => carried with { Jobs = [.. carried.Jobs.Select(other => other == job ? ended : other)], Pods = [.. carried.Pods, .. pods] };
        return outcome switch
        {
            0 => GivenCache.Told(Replaced(GivenCache.Ended(job, "Complete"), GivenCache.Succeeded(job))),
            1 => Replaced(GivenCache.Ended(job, "Failed"), GivenCache.Failed(job, Reasons.DigestMismatch)),
            2 => Replaced(GivenCache.Ended(job, "Failed")),
            3 => carried with { Pods = [.. carried.Pods, GivenCache.Running(job, WorkerPhases.Fetching, 1, 3)] },
            4 => carried with { Pods = [.. carried.Pods, GivenCache.Failed(job, "Unknown to us")] },
            5 => carried with { Jobs = [] },
            _ => carried,
        };
    }
}
