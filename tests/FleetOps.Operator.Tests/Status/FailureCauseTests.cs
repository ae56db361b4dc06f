using FleetOps.Api;
using FleetOps.ControllerRuntime;
using FleetOps.Operator.ModelDeployments.Observe;
using FleetOps.Operator.ModelDeployments.Plan;
using k8s.Models;

namespace FleetOps.Operator.Tests.Status;

/// <summary>Each way to break a model ends in a reason of its own and a message with cause and cure.</summary>
public sealed class FailureCauseTests
{
    /// <summary>A pod's status; the reason; what the message must say of the cause; of the cure; whether waiting is in vain.</summary>
    public static TheoryData<string, string, string, string, bool> Pods => new()
    {
        { Scheduled("0/3 nodes are available: 3 Insufficient nvidia.com/gpu."), Reasons.GpuUnavailable, "3 Insufficient nvidia.com/gpu", "spec.resources.gpus", false },
        { Scheduled("0/3 nodes are available: 3 Insufficient memory."), Reasons.Unschedulable, "3 Insufficient memory", "spec.resources", false },
        { Scheduled("persistentvolumeclaim \\\"models\\\" not found"), Reasons.ClaimNotFound, "\"models\" not found", "Create the PersistentVolumeClaim", false },
        { Waiting("ErrImagePull", "not found: worker-cuda:1"), Reasons.ImagePullFailed, "worker-cuda:1", "chart value images", false },
        { Waiting("CreateContainerConfigError", "secret \\\"hf\\\" not found"), Reasons.ContainerConfigInvalid, "secret \"hf\" not found", "kubectl describe pod", true },
        { Crashed(64, Words("InvalidConfiguration", "--context-length 9 is below 64")), Reasons.InvalidConfiguration, "--context-length 9", "Correct the field", true },
        { Crashed(65, Words("DigestMismatch", "got abc, wanted def")), Reasons.DigestMismatch, "got abc, wanted def", "spec.model.sha256", true },
        { Crashed(65, Words("InvalidGguf", "magic is wrong")), Reasons.InvalidGguf, "magic is wrong", "GGUF", true },
        { Crashed(65, Words("UnsupportedArchitecture", "unknown architecture zebra")), Reasons.UnsupportedArchitecture, "zebra", "newer FleetOps", true },
        { Crashed(66, Words("SourceNotFound", "404 from the hub")), Reasons.SourceNotFound, "404 from the hub", "spec.model.source", true },
        { Crashed(69, Words("SourceUnreachable", "no route to host")), Reasons.SourceUnreachable, "no route to host", "network", false },
        { Crashed(69, Words("CudaUnavailable", "no device")), Reasons.CudaUnavailable, "no device", "spec.engine.backend", true },
        { Crashed(71, Words("OutOfGpuMemory", "needs 24 GiB, 16 GiB are free")), Reasons.OutOfGpuMemory, "needs 24 GiB, 16 GiB are free", "contextLength", true },
        { Crashed(71, Words("InsufficientGpuMemory", "needs 26 bytes of GPU memory, 17 bytes are free")), Reasons.InsufficientGpuMemory, "needs 26 bytes of GPU memory, 17 bytes are free", "smaller quantization", true },
        { Crashed(71, Words("LoadFailed", "tensor missing")), Reasons.LoadFailed, "tensor missing", "log", true },
        { Crashed(71, Words("DiskFull", "3 GiB free, 5 GiB needed")), Reasons.DiskFull, "3 GiB free", "Free space", true },
        { Crashed(77, Words("SourceUnauthorized", "401 from the hub")), Reasons.SourceUnauthorized, "401", "credentialsSecretRef", true },
        { Crashed(77, Words("CredentialsMissing", "key token is missing")), Reasons.CredentialsMissing, "key token", "Secret", true },
        { Crashed(70, Words("EngineFailed", "decode failed")), Reasons.EngineFailed, "decode failed", "--previous", false },
        { Crashed(137, "", "OOMKilled"), Reasons.OutOfMemory, "OOMKilled", "spec.resources.memory", true },
        { Crashed(137, ""), Reasons.CrashLoop, "liveness probe", "log", false },
        { Crashed(139, ""), Reasons.CrashLoop, "exit code 139", "kubectl logs --previous", false },
        { Crashed(66, ""), Reasons.SourceNotFound, "exit code 66", "spec.model.source", true },
        { Crashed(3, "Unhandled exception"), Reasons.CrashLoop, "Unhandled exception", "log", false },
        { """{"phase":"Failed","reason":"Evicted","message":"The node was low on resource: memory."}""", Reasons.PodEvicted, "low on resource: memory", "relieve the node", false },
    };

    [Theory, MemberData(nameof(Pods))]
    public void A_pod_tells_what_holds_it_up(string podStatus, string reason, string cause, string cure, bool isStalled)
    {
        var model = Given.Model();

        var status = Given.StatusOf(Given.Carried(model, new WorkerObservation(Given.Pod(model, podStatus))));

        AssertTells(status, reason, cause, cure, isStalled);
        Assert.Equal((Given.PodName, reason), (status.Workers![0].Pod, status.Workers[0].Reason));
    }

    [Theory]
    [InlineData("""pods "x" is forbidden: exceeded quota: gpus, requested: requests.nvidia.com/gpu=1""", Reasons.QuotaExceeded, "exceeded quota: gpus", "Raise the quota")]
    [InlineData("""pods "x" is forbidden: violates PodSecurity "restricted" """, Reasons.PodRefused, "violates PodSecurity", "rule of the cluster")]
    [InlineData("""pods "x" is forbidden: pod rejected: RuntimeClass "nvidia" not found""", Reasons.RuntimeClassNotFound, "RuntimeClass", "runtimeClassName")]
    public void A_Deployment_tells_why_its_pods_cannot_be_made(string message, string reason, string cause, string cure)
    {
        var observed = WithCondition(new() { Type = "ReplicaFailure", Status = "True", Reason = "FailedCreate", Message = message });

        AssertTells(Given.StatusOf(observed), reason, cause, cure, isStalled: true);
    }

    [Fact]
    public void A_rollout_that_takes_too_long_is_told()
    {
        var observed = WithCondition(new() { Type = "Progressing", Status = "False", Reason = "ProgressDeadlineExceeded", Message = "late" });

        AssertTells(Given.StatusOf(observed), Reasons.ProgressDeadlineExceeded, "1800 seconds", "status.workers", isStalled: true);
    }

    [Fact]
    public void A_missing_Secret_is_told()
    {
        var model = Given.Model(spec: new() { Model = new() { Source = "hf://o/r/f.gguf", CredentialsSecretRef = new() { Name = "hf" } } });

        AssertTells(Given.StatusOf(new() { Model = model, MissingSecret = SecretUse.Of(model.Spec).Single() }), Reasons.SecretNotFound, "Secret hf", "Create it", isStalled: true);
    }

    [Fact]
    public void A_missing_Secret_of_a_certificate_or_of_tokens_is_told_with_the_field_that_names_it()
    {
        ServiceSpec service = new() { Tls = new() { SecretRef = new() { Name = "cert" } }, TokenSecretRef = new() { Name = "tokens" } };
        var model = Given.Model(spec: new() { Model = new() { Source = "hf://o/r/f.gguf" }, Service = service });

        var told = SecretUse.Of(model.Spec).Select(secret => Given.StatusOf(new() { Model = model, MissingSecret = secret })).ToList();

        AssertTells(told[0], Reasons.SecretNotFound, "Secret cert, named in spec.service.tls.secretRef", "Create it", isStalled: true);
        AssertTells(told[1], Reasons.SecretNotFound, "Secret tokens, named in spec.service.tokenSecretRef", "Create it", isStalled: true);
    }

    [Fact]
    public void A_worker_in_trouble_with_its_source_tells_it_while_it_tries_again()
    {
        var model = Given.Model();
        var state = new WorkerState { Phase = WorkerPhases.Fetching, Reason = Reasons.SourceUnreachable, Message = "connection refused" };

        var status = Given.StatusOf(Given.Carried(model, new WorkerObservation(Given.RunningPod(model), state)));

        AssertTells(status, Reasons.SourceUnreachable, "connection refused", "tries again", isStalled: false);
        Assert.Equal(Phases.Fetching, status.Phase);
    }

    [Fact]
    public void A_worker_that_does_not_answer_is_told()
    {
        var model = Given.Model();

        var status = Given.StatusOf(Given.Carried(model, new WorkerObservation(Given.RunningPod(model), Silence: "connection refused")));

        AssertTells(status, Reasons.ProbeFailing, "connection refused", "network policy", isStalled: false);
    }

    [Fact]
    public void A_broken_new_worker_does_not_hide_that_old_ones_serve()
    {
        var old = Given.Model();
        var model = Given.Model(spec: old.Spec with { Engine = new() { ContextLength = 8192 } });
        var broken = Given.Pod(model, Crashed(71, Words("OutOfGpuMemory", "needs 24 GiB")), "demo-new");

        var status = Given.StatusOf(Given.Carried(model, new(Given.ReadyPod(old, "demo-old")), new(broken)));

        Assert.Equal(Phases.Degraded, status.Phase);
        Assert.Equal("True", Given.Condition(status, ConditionTypes.Available).Status);
        Assert.Equal(("False", Reasons.OutOfGpuMemory), (Given.Condition(status, ConditionTypes.Ready).Status, Given.Condition(status, ConditionTypes.Ready).Reason));
        Assert.Equal("demo-new", status.Workers![0].Pod);
    }

    [Fact]
    public void Between_two_pulls_of_an_image_the_cause_stays()
    {
        var model = Given.Model();
        var first = Given.StatusOf(Given.Carried(model, new WorkerObservation(Given.Pod(model, Waiting("ErrImagePull", "manifest unknown")))));
        model.Status = first;

        var second = Given.StatusOf(Given.Carried(model, new WorkerObservation(Given.Pod(model, Waiting("ImagePullBackOff", "Back-off pulling image")))));

        Assert.Equal(first.Workers![0].Message, second.Workers![0].Message);
        Assert.Equal(first.Conditions, second.Conditions);
    }

    private static void AssertTells(ModelDeploymentStatus status, string reason, string cause, string cure, bool isStalled)
    {
        var ready = Given.Condition(status, ConditionTypes.Ready);
        Assert.Equal(("False", reason), (ready.Status, ready.Reason));
        Assert.Contains(cause, ready.Message, StringComparison.Ordinal);
        Assert.Contains(cure, ready.Message, StringComparison.Ordinal);
        Assert.Equal(isStalled ? "True" : "False", Given.Condition(status, ConditionTypes.Stalled).Status);
        Assert.Equal(isStalled ? "False" : "True", Given.Condition(status, ConditionTypes.Reconciling).Status);
    }

    private static Observation WithCondition(V1DeploymentCondition condition)
    {
        var model = Given.Model();
        var deployment = Planner.Plan(new() { Model = model }, Given.Settings).Deployment!;
        deployment.Status = new() { Conditions = [condition] };
        return Given.Carried(model) with { Deployment = ObservedObject.Of(BuiltInTypes.Deployments, deployment) };
    }

    private static string Scheduled(string message) =>
        """{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"MESSAGE"}]}""".Replace("MESSAGE", message, StringComparison.Ordinal);

    private static string Waiting(string reason, string message) =>
        """{"phase":"Pending","containerStatuses":[{"name":"worker","image":"i","imageID":"","ready":false,"restartCount":0,"state":{"waiting":{"reason":"REASON","message":"MESSAGE"}}}]}"""
            .Replace("REASON", reason, StringComparison.Ordinal).Replace("MESSAGE", message, StringComparison.Ordinal);

    private static string Crashed(int exitCode, string message, string reason = "Error") =>
        """{"phase":"Running","containerStatuses":[{"name":"worker","image":"i","imageID":"","ready":false,"restartCount":2,"state":{"waiting":{"reason":"CrashLoopBackOff"}},"lastState":{"terminated":{"exitCode":CODE,"reason":"REASON","message":"MESSAGE"}}}]}"""
            .Replace("CODE", exitCode.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal).Replace("REASON", reason, StringComparison.Ordinal).Replace("MESSAGE", message, StringComparison.Ordinal);

    private static string Words(string reason, string message) => $$"""{\"reason\":\"{{reason}}\",\"message\":\"{{message}}\"}""";
}
