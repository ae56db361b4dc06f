using System.Text.RegularExpressions;
using FleetOps.Api;
using FleetOps.Operator.ModelDeployments.Observe;
using FleetOps.Operator.ModelDeployments.Plan;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using k8s;
using k8s.Models;

namespace FleetOps.Operator.Tests.Plan;

public sealed partial class PlanProperties
{
    [Property]
    public Property A_plan_depends_on_what_is_observed_and_on_nothing_else() => Prop.ForAll(Models(), model =>
        Text(Planner.Plan(new() { Model = model }, Given.Settings)) == Text(Planner.Plan(new() { Model = model }, Given.Settings)));

    [Property]
    public Property A_plan_that_was_carried_out_is_planned_again() => Prop.ForAll(Models(), model =>
        Text(Planner.Plan(new() { Model = model }, Given.Settings)) == Text(Planner.Plan(Given.Carried(model), Given.Settings)));

    [Property]
    public Property Two_templates_have_one_hash_only_when_they_are_one() => Prop.ForAll(Arb.From(SpecGen()), Arb.From(SpecGen()), (left, right) =>
        Planner.Plan(new() { Model = Given.Model(spec: left) }, Given.Settings) is not { Deployment.Spec.Template: { } one, TemplateHash: { } hash }
        || Planner.Plan(new() { Model = Given.Model(spec: right) }, Given.Settings) is not { Deployment.Spec.Template: { } other, TemplateHash: { } otherHash }
        || (hash == otherHash) == (WithoutHash(one) == WithoutHash(other)));

    [Property]
    public Property Scaling_leaves_the_workers_as_they_are() => Prop.ForAll(Arb.From(SpecGen()), spec =>
        Planner.Plan(new() { Model = Given.Model(spec: spec with { Replicas = 1 }) }, Given.Settings).TemplateHash
        == Planner.Plan(new() { Model = Given.Model(spec: spec with { Replicas = 5 }) }, Given.Settings).TemplateHash);

    [Property]
    public Property Pods_have_only_volumes_that_the_restricted_profile_allows() => Prop.ForAll(Models(), model =>
        Planner.Plan(new() { Model = model }, Given.Settings).Deployment is not { } deployment
        || deployment.Spec.Template.Spec.Volumes.All(volume => volume is { EmptyDir: not null } or { PersistentVolumeClaim: not null } or { Secret: not null }));

    [Property]
    public Property Names_of_children_are_DNS_labels_and_differ_for_different_resources() => Prop.ForAll(Names(), Names(), (left, right) =>
    {
        string[] all = [ChildNames.For(left).Service, ChildNames.For(left).HeadlessService, ChildNames.For(left).Deployment, ChildNames.For(left).ServiceAccount];
        return all.All(name => name.Length <= 63 && DnsLabel().IsMatch(name))
            && ChildNames.For(left).ModelLabel is { Length: <= 63 } label && char.IsAsciiLetterOrDigit(label[^1])
            && (left == right) == (ChildNames.For(left).ModelLabel == ChildNames.For(right).ModelLabel)
            && (left == right || ChildNames.For(left).Service != ChildNames.For(right).Service);
    });

    [Property]
    public Property Status_speaks_in_the_closed_lists_and_always_says_something() => Prop.ForAll(Observations(), observed =>
    {
        var status = Given.StatusOf(observed);
        return status.Conditions!.Select(c => c.Type).SequenceEqual(ConditionTypes.All)
            && status.Conditions!.All(c => Reasons.All.Contains(c.Reason) && c.Message.Length is > 0 and <= 4096 && c.ObservedGeneration == 2)
            && Phases.All.Contains(status.Phase!)
            && (status.Workers ?? []).All(w => w.Reason is null || (Reasons.All.Contains(w.Reason) && w.Message is { Length: > 0 and <= 1024 }));
    });

    [Property]
    public Property Status_is_never_ready_and_stalled_at_once() => Prop.ForAll(Observations(), observed =>
    {
        var status = Given.StatusOf(observed);
        bool Is(string type) => Given.Condition(status, type).Status == "True";
        return !(Is(ConditionTypes.Ready) && Is(ConditionTypes.Stalled)) && !(Is(ConditionTypes.Reconciling) && Is(ConditionTypes.Stalled));
    });

    [Property]
    public Property Status_that_was_written_is_planned_again() => Prop.ForAll(Observations(), observed =>
    {
        var first = Given.StatusOf(observed);
        observed.Model.Status = first;
        var second = Given.StatusOf(observed);
        return first.Conditions!.SequenceEqual(second.Conditions!) && (first.Workers ?? []).SequenceEqual(second.Workers ?? []) && first.Phase == second.Phase;
    });

    private static string Text(ModelDeploymentPlan plan) =>
        string.Join('\n', Given.Children(plan).Select(child => KubernetesJson.Serialize((object)child)));

    private static string WithoutHash(V1PodTemplateSpec template)
    {
        template.Metadata.Annotations.Remove(Labels.TemplateHash);
        return KubernetesJson.Serialize(template);
    }

    private static Arbitrary<string> Names() => Arb.From(
        from length in Gen.Choose(1, 253)
        from text in Gen.Elements('a', 'b', '7', '-', '.').ArrayOf(length)
        select LegalName(new string(text)));

    // A DNS subdomain: no empty label, and no '-' at the end of one.
    private static string LegalName(string text) => string.Join('.', text.Split('.').Select(label => label.Trim('-')).Where(label => label.Length > 0).DefaultIfEmpty("a"));

    private static Arbitrary<ModelDeployment> Models() => Arb.From(ModelGen());

    private static Gen<ModelDeployment> ModelGen() =>
        from name in Names().Generator
        from spec in SpecGen()
        select Given.Model(name, spec);

    private static Gen<ModelDeploymentSpec> SpecGen() =>
        from source in Gen.Elements("hf://o/r/f.gguf", "https://example.com/f.gguf", "https://example.com:8443/f.gguf", "s3://bucket/f.gguf", "oci://ghcr.io/o/m:v1", "pvc://c/f.gguf", "ftp://no")
        from gpus in Gen.Choose(0, 2)
        from products in Gen.Elements<string[]?>(null, ["NVIDIA-L40S"], ["NVIDIA-L40S", "NVIDIA-A40"])
        from replicas in Gen.Choose(0, 3)
        from backend in Gen.Elements(Backend.Auto, Backend.Cuda, Backend.Cpu)
        from cache in Gen.Elements<CacheSpec>(new(), new() { SizeLimit = "1Gi" }, new() { Type = CacheType.PersistentVolumeClaim, ClaimName = "c" })
        from placement in Gen.Elements<PlacementSpec?>(null, Given.Everything.Placement, new() { PriorityClassName = "high" })
        from pod in Gen.Elements<WorkerPodSpec?>(null, Given.Everything.Pod, new() { Env = [new() { Name = "A", Value = "a" }] })
        from rollout in Gen.Elements<RolloutSpec>(new(), new() { DrainTimeoutSeconds = 7 }, new() { MaxUnavailable = "10%" })
        select new ModelDeploymentSpec
        {
            Model = new() { Source = source },
            Engine = new() { Backend = backend },
            Resources = new() { Gpus = gpus, GpuProducts = gpus > 0 ? products : null },
            Replicas = replicas,
            Cache = cache,
            Placement = placement,
            Pod = pod,
            Rollout = rollout,
        };

    private static Arbitrary<Observation> Observations() => Arb.From(
        from count in Gen.Choose(0, 4)
        from statuses in Gen.Elements(PodStatuses).ArrayOf(count)
        from phases in Gen.Elements("", WorkerPhases.Fetching, WorkerPhases.Loading, WorkerPhases.Warming, WorkerPhases.Failed).ArrayOf(count)
        from reason in Gen.Elements<string?>(null, "", Reasons.SourceUnreachable, "Unknown to us")
        from replicas in Gen.Choose(0, 3)
        from isSecretThere in Gen.Elements(true, false)
        let model = Given.Model(spec: new() { Model = new() { Source = "hf://o/r/f.gguf", CredentialsSecretRef = new() { Name = "hf" } }, Replicas = replicas })
        select Given.Carried(model, [.. statuses.Select((status, i) => new WorkerObservation(
            Given.Pod(model, status, $"pod-{i}"),
            phases[i].Length == 0 ? null : new() { Phase = phases[i], Reason = reason, Message = "m" }))]) with
        { MissingSecret = isSecretThere ? null : SecretUse.Of(model.Spec).Single() });

    private static readonly string[] PodStatuses =
    [
        "{}",
        """{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"no"}]}""",
        """{"phase":"Running","conditions":[{"type":"Ready","status":"True"}],"containerStatuses":[{"name":"worker","image":"i","imageID":"","ready":true,"restartCount":0,"state":{"running":{}}}]}""",
        """{"phase":"Running","containerStatuses":[{"name":"worker","image":"i","imageID":"","ready":false,"restartCount":0,"state":{"running":{}}}]}""",
        """{"phase":"Running","containerStatuses":[{"name":"worker","image":"i","imageID":"","ready":false,"restartCount":1,"state":{"running":{}},"lastState":{"terminated":{"exitCode":65,"message":"{"}}}]}""",
        """{"phase":"Failed","reason":"Evicted"}""",
        """{"phase":"Succeeded"}""",
    ];

    [GeneratedRegex("^[a-z]([-a-z0-9]*[a-z0-9])?$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex DnsLabel();
}
