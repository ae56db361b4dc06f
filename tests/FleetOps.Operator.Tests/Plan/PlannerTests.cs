using FleetOps.Api;
using FleetOps.ControllerRuntime;
using FleetOps.Operator.ModelDeployments.Plan;
using k8s;
using k8s.Models;

namespace FleetOps.Operator.Tests.Plan;

public sealed class PlannerTests
{
    private const string Digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    [Fact]
    public void A_model_from_the_hub_on_a_GPU() => AssertPlanned("hub-gpu.yaml", new()
    {
        Model = new() { Source = "hf://owner/repository/model.gguf", Revision = "v1", Sha256 = Digest, CredentialsSecretRef = new() { Name = "hf" } },
        Engine = new() { Backend = Backend.Cuda, KvCacheType = KvCacheType.Q8_0, FlashAttention = FlashAttention.Enabled },
        Resources = new() { Gpus = 2, GpuResourceName = "nvidia.com/gpu", Cpu = "4", Memory = "16Gi", RuntimeClassName = "nvidia" },
        Replicas = 2,
    });

    [Fact]
    public void A_model_from_a_claim_on_the_CPU() => AssertPlanned("claim-cpu.yaml", new() { Model = new() { Source = "pvc://models/folder/model.gguf", Adapters = [new() { Name = "support", Path = "lora/support.gguf" }] } });

    [Fact]
    public void A_model_with_everything_that_can_be_said_of_its_workers() => AssertPlanned("everything.yaml", Given.Everything);

    [Fact]
    public void A_resource_that_is_being_deleted_gets_no_children()
    {
        var model = Given.Model();
        model.Metadata.DeletionTimestamp = DateTime.UnixEpoch;

        Assert.Equal(new ModelDeploymentPlan(), Planner.Plan(new() { Model = model }, Given.Settings));
    }

    public static TheoryData<ModelDeploymentSpec, string> BadSpecs => new()
    {
        { From("ftp://example.com/f"), SpecMessages.SourceScheme },
        { From("hf://owner/file.gguf"), SpecMessages.HubSource },
        { From("https://user:pw@example.com/f.gguf"), SpecMessages.WebSource },
        { From("s3://bucket/../f.gguf"), SpecMessages.BucketSource },
        { From("s3://Bucket/f.gguf"), SpecMessages.BucketSource },
        { From("oci://ai/smollm2"), SpecMessages.RegistrySource },
        { From("oci://ghcr.io/Upper/model:v1"), SpecMessages.RegistrySource },
        { From("oci://ghcr.io/o/model@sha256:abc"), SpecMessages.RegistrySource },
        { From("pvc://claim/../f.gguf"), SpecMessages.ClaimSource },
        { From("http://example.com/f.gguf"), SpecMessages.PlainHttpNeedsDigest },
        { new() { Model = new() { Source = "hf://o/r/f.gguf", Sha256 = "abc" } }, SpecMessages.Sha256 },
        { new() { Model = new() { Source = "pvc://c/f.gguf", Revision = "main" } }, SpecMessages.RevisionNeedsHub },
        { new() { Model = new() { Source = "oci://ghcr.io/o/model", Revision = "v1" } }, SpecMessages.RevisionNeedsHub },
        { new() { Model = new() { Source = "hf://o/r/f.gguf", Revision = "-x" } }, SpecMessages.Revision },
        { new() { Model = new() { Source = "hf://o/r/f.gguf@v1", Revision = "v2" } }, SpecMessages.TwoRevisions },
        { new() { Model = new() { Source = "pvc://c/f.gguf", CredentialsSecretRef = new() { Name = "s" } } }, SpecMessages.ClaimTakesNoCredentials },
        { new() { Model = new() { Source = "hf://o/r/f.gguf", CredentialsSecretRef = new() { Name = "S_" } } }, SpecMessages.SecretName },
        { From("hf://o/r/f.gguf") with { Engine = new() { Backend = Backend.Cuda } }, SpecMessages.CudaNeedsGpu },
        { From("hf://o/r/f.gguf") with { Engine = new() { KvCacheType = KvCacheType.Q4_0, FlashAttention = FlashAttention.Disabled } }, SpecMessages.QuantizedCacheNeedsFlashAttention },
        { From("hf://o/r/f.gguf") with { Engine = new() { Backend = Backend.Cpu, GpuLayers = 3 } }, SpecMessages.CpuHasNoGpuLayers },
        { From("hf://o/r/f.gguf") with { Engine = new() { TensorSplit = "3;1" } }, SpecMessages.TensorSplit },
        { new() { Model = new() { Source = "hf://o/r/f.gguf", Adapters = [new() { Name = "a", Path = "a.gguf" }] } }, SpecMessages.AdaptersNeedClaim },
        { From("hf://o/r/f.gguf") with { Service = new() { Tls = new() { SecretRef = new() { Name = "S_" } } } }, SpecMessages.TlsSecretName },
        { From("hf://o/r/f.gguf") with { Service = new() { TokenSecretRef = new() { Name = "S_" } } }, SpecMessages.TokenSecretName },
        { From("hf://o/r/f.gguf") with { Resources = new() { GpuResourceName = "gpu" } }, SpecMessages.GpuResourceName },
        { From("hf://o/r/f.gguf") with { Resources = new() { Cpu = "many" } }, SpecMessages.Cpu },
        { From("hf://o/r/f.gguf") with { Resources = new() { Memory = "0" } }, SpecMessages.Memory },
        { From("hf://o/r/f.gguf") with { Resources = new() { RuntimeClassName = "A" } }, SpecMessages.RuntimeClassName },
        { From("hf://o/r/f.gguf") with { Resources = new() { GpuProducts = ["NVIDIA-L40S"] } }, SpecMessages.GpuSelectionNeedsGpu },
        { From("hf://o/r/f.gguf") with { Resources = new() { MinGpuMemory = "22Gi" } }, SpecMessages.GpuSelectionNeedsGpu },
        { From("hf://o/r/f.gguf") with { Resources = new() { Gpus = 1, MinGpuMemory = "a lot" } }, SpecMessages.MinGpuMemory },
        { From("hf://o/r/f.gguf") with { Rollout = new() { MaxSurge = "one" } }, SpecMessages.MaxSurge },
        { From("hf://o/r/f.gguf") with { Rollout = new() { MaxUnavailable = "%" } }, SpecMessages.MaxUnavailable },
        { From("hf://o/r/f.gguf") with { Rollout = new() { MaxSurge = "0%", MaxUnavailable = "0" } }, SpecMessages.RolloutNeedsRoom },
        { From("hf://o/r/f.gguf") with { Disruption = new() { MinAvailable = "most" } }, SpecMessages.MinAvailable },
        { From("hf://o/r/f.gguf") with { Cache = new() { Type = CacheType.PersistentVolumeClaim } }, SpecMessages.CacheClaimName },
        { From("hf://o/r/f.gguf") with { Cache = new() { Type = CacheType.HostPath } }, SpecMessages.CachePathNeedsHostPath },
        { From("hf://o/r/f.gguf") with { Cache = new() { Type = CacheType.HostPath, Path = "/var/../etc" } }, SpecMessages.CachePath },
        { From("hf://o/r/f.gguf") with { Cache = new() { Type = CacheType.HostPath, Path = "/var", SizeLimit = "1Gi" } }, SpecMessages.CacheSizeLimitNeedsEphemeral },
        { From("hf://o/r/f.gguf") with { Cache = new() { SizeLimit = "lots" } }, SpecMessages.CacheSizeLimit },
        { From("hf://o/r/f.gguf") with { Service = new() { Annotations = Map("fleetops.dev/a") } }, SpecMessages.ServiceAnnotations },
        { WithPod(new() { Labels = Map("fleetops.dev/model") }), SpecMessages.PodLabels },
        { WithPod(new() { Labels = Map("app.kubernetes.io/name") }), SpecMessages.PodLabels },
        { WithPod(new() { Annotations = Map("fleetops.dev/template-hash") }), SpecMessages.PodAnnotations },
        { WithPod(new() { Env = [new() { Name = "FLEETOPS_BACKEND", Value = "Cpu" }] }), SpecMessages.EnvName },
        { WithPod(new() { Env = [new() { Name = "A", Value = "a", ValueFrom = new() }] }), SpecMessages.EnvValueOrSource },
        { WithPod(new() { Env = [new() { Name = "A", ValueFrom = new() }] }), SpecMessages.EnvOneSource },
    };

    [Theory, MemberData(nameof(BadSpecs))]
    public void A_spec_that_an_old_API_server_let_through_is_not_acted_on(ModelDeploymentSpec spec, string message)
    {
        var observed = Given.Carried(Given.Model()) with { Model = Given.Model(spec: spec) };

        var plan = Planner.Plan(observed, Given.Settings);

        Assert.Null(plan.Deployment);
        Assert.Equal((Reasons.InvalidSpec, message + "."), (plan.Obstacle!.Reason, plan.Obstacle.Message));
        var accepted = Given.Condition(Given.StatusOf(observed), ConditionTypes.Accepted);
        Assert.Equal(("False", Reasons.InvalidSpec), (accepted.Status, accepted.Reason));
    }

    [Fact]
    public void An_object_of_someone_else_stops_the_plan()
    {
        var observed = Given.Carried(Given.Model()) with { ServiceAccount = ObservedObject.Of(BuiltInTypes.ServiceAccounts, new() { Metadata = new() { Name = "demo" } }) };

        var plan = Planner.Plan(observed, Given.Settings);

        Assert.Equal((Reasons.NameTaken, true), (plan.Obstacle!.Reason, plan.Obstacle.RejectsSpec));
        Assert.Null(plan.Deployment);
    }

    [Fact]
    public void A_ServiceAccount_of_someone_else_is_used_and_ours_is_not_made()
    {
        var spec = WithPod(new() { ServiceAccountName = "demo" });
        var theirs = new V1ServiceAccount { Metadata = new() { Name = "demo" } };

        var plan = Planner.Plan(new() { Model = Given.Model(spec: spec), ServiceAccount = ObservedObject.Of(BuiltInTypes.ServiceAccounts, theirs) }, Given.Settings);

        Assert.Null(plan.Obstacle);
        Assert.Null(plan.ServiceAccount);
        Assert.Equal("demo", plan.Deployment!.Spec.Template.Spec.ServiceAccountName);
        Assert.Empty(plan.Unwanted);
    }

    [Fact]
    public void Our_ServiceAccount_goes_when_another_is_named()
    {
        var model = Given.Model(spec: WithPod(new() { ServiceAccountName = "theirs" }));

        var plan = Planner.Plan(Given.Carried(Given.Model()) with { Model = model }, Given.Settings);

        Assert.Equal([new ChildReference("ServiceAccount", "demo")], plan.Unwanted);
    }

    [Fact]
    public void The_endpoint_follows_the_port_of_the_Service()
    {
        var model = Given.Model(spec: From("hf://o/r/f.gguf") with { Service = new() { Port = 443 } });

        Assert.Equal("demo.chat.svc:443", Given.StatusOf(Given.Carried(model)).Endpoint);
        Assert.Equal(443, Assert.Single(Planner.Plan(new() { Model = model }, Given.Settings).Service!.Spec.Ports).Port);
        Assert.Equal(WorkerContract.GrpcPort, Assert.Single(Planner.Plan(new() { Model = model }, Given.Settings).HeadlessService!.Spec.Ports).Port);
    }

    [Fact]
    public void A_worker_has_time_to_drain_before_it_is_killed()
    {
        var pod = Planner.Plan(new() { Model = Given.Model(spec: From("hf://o/r/f.gguf") with { Rollout = new() { DrainTimeoutSeconds = 600 } }) }, Given.Settings).Deployment!.Spec.Template.Spec;

        Assert.Equal(WorkerContract.DrainDelaySeconds + 600 + 7, pod.TerminationGracePeriodSeconds);
        Assert.Equal("600", pod.Containers[0].Args[pod.Containers[0].Args.IndexOf("--drain-timeout-seconds") + 1]);
    }

    [Fact]
    public void Children_of_an_earlier_resource_of_the_same_name_are_waited_for()
    {
        var earlier = Given.Model();
        earlier.Metadata.Uid = "another";
        var observed = Given.Carried(Given.Model()) with { Deployment = Given.Carried(earlier).Deployment };

        var plan = Planner.Plan(observed, Given.Settings);

        Assert.Equal((Reasons.WaitingForRemoval, false), (plan.Obstacle!.Reason, plan.Obstacle.RejectsSpec));
    }

    private static ModelDeploymentSpec WithPod(WorkerPodSpec pod) => From("hf://o/r/f.gguf") with { Pod = pod };

    private static Dictionary<string, string> Map(string key) => new(StringComparer.Ordinal) { [key] = "value" };

    private static ModelDeploymentSpec From(string source) => new() { Model = new() { Source = source } };

    private static void AssertPlanned(string golden, ModelDeploymentSpec spec)
    {
        var plan = Planner.Plan(new() { Model = Given.Model(spec: spec) }, Given.Settings);

        IKubernetesObject<V1ObjectMeta>[] children = [.. Given.Children(plan)];
        GoldenFile.AssertMatches(string.Join("---\n", children.Select(child => KubernetesYaml.Serialize(child).TrimEnd() + "\n")), golden);
    }
}
