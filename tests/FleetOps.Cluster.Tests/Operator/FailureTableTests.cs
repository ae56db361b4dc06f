using System.Text.Json.Nodes;
using FleetOps.Cluster.Tests.Support;
using FleetOps.ControllerRuntime.Informers;
using k8s.Models;
using Microsoft.Extensions.DependencyInjection;

namespace FleetOps.Cluster.Tests.Operator;

/// <summary>The ways to break a model: each names its cause and its cure in a condition, in an event and in <c>kubectl describe</c>.</summary>
[Collection(nameof(OperatedCluster))]
public sealed class FailureTableTests(OperatedCluster cluster)
{
    private const string Running =
        """
        {"phase":"Running","podIP":"127.0.0.1","podIPs":[{"ip":"127.0.0.1"}],"conditions":[{"type":"Ready","status":"False"}],
         "containerStatuses":[{"name":"worker","image":"i","imageID":"","containerID":"containerd://c","ready":false,"restartCount":0,"state":{"running":{"startedAt":"2026-01-01T00:00:00Z"}}}]}
        """;

    private static readonly Dictionary<string, BrokenModel> Table = new(StringComparer.Ordinal)
    {
        ["licence not accepted"] = new("LicenseNotAccepted", "licence llama3.1", "spec.model.license.accepted") { Spec = "{model: {source: hf://o/r/f.gguf, license: {id: llama3.1, accepted: false}}}" },
        ["path not allowed"] = new("PolicyViolation", "spec.cache.path /models", "--allow-host-path") { Spec = "{model: {source: hf://o/r/f.gguf}, cache: {type: HostPath, path: /models}}" },
        ["secret missing"] = new("SecretNotFound", "Secret hub-token", "Create it") { Spec = "{model: {source: hf://o/r/f.gguf, credentialsSecretRef: {name: hub-token}}}" },
        ["quota"] = BrokenModel.Refused("QuotaExceeded", "exceeded quota: gpus, requested: requests.nvidia.com/gpu=1, used: 8, limited: 8", "Raise the quota"),
        ["pod security"] = BrokenModel.Refused("PodRefused", "violates PodSecurity", "rule of the cluster"),
        ["runtime class missing"] = BrokenModel.Refused("RuntimeClassNotFound", "pod rejected: RuntimeClass nvidia not found", "spec.resources.runtimeClassName"),
        ["deadline passed"] = new("ProgressDeadlineExceeded", "within 60 seconds", "status.workers")
        {
            Spec = "{model: {source: hf://o/r/f.gguf}, rollout: {progressDeadlineSeconds: 60}}",
            Deployment = """{"type":"Progressing","status":"False","reason":"ProgressDeadlineExceeded","message":"timed out"}""",
        },
        ["all GPUs taken"] = new("GpuUnavailable", "1 Insufficient nvidia.com/gpu", "spec.resources.gpus") { Pod = BrokenModel.Unschedulable("0/1 nodes are available: 1 Insufficient nvidia.com/gpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.") },
        ["no such GPU"] = new("GpuNotOffered", "no node offers amd.com/gpu; the cluster offers NVIDIA-L4 as nvidia.com/gpu (23034 MiB, 8 on 1 node)", "Correct spec.resources")
        {
            Spec = "{model: {source: hf://o/r/f.gguf}, resources: {gpus: 1, gpuResourceName: amd.com/gpu}}",
            Pod = BrokenModel.Unschedulable("0/1 nodes are available: 1 Insufficient amd.com/gpu."),
        },
        ["no such product"] = new("GpuNotOffered", "no node offers nvidia.com/gpu with product NVIDIA-L40S", "gpuProducts")
        {
            Spec = "{model: {source: hf://o/r/f.gguf}, resources: {gpus: 1, gpuProducts: [NVIDIA-L40S]}}",
            Pod = BrokenModel.Unschedulable("0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."),
        },
        ["no memory on nodes"] = new("Unschedulable", "1 Insufficient memory", "lower spec.resources") { Pod = BrokenModel.Unschedulable("0/1 nodes are available: 1 Insufficient memory.") },
        ["no such node"] = new("Unschedulable", "didn't match Pod's node affinity/selector", "spec.placement") { Pod = BrokenModel.Unschedulable("0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.") },
        ["tainted nodes"] = new("Unschedulable", "untolerated taint", "spec.placement") { Pod = BrokenModel.Unschedulable("0/1 nodes are available: 1 node(s) had untolerated taint {dedicated: other}.") },
        ["claim missing"] = new("ClaimNotFound", "not found", "Create the PersistentVolumeClaim") { Pod = BrokenModel.Unschedulable("persistentvolumeclaim \\\"models\\\" not found") },
        ["claim unbound"] = new("ClaimNotFound", "unbound immediate PersistentVolumeClaims", "let it be bound") { Pod = BrokenModel.Unschedulable("0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.") },
        ["image pull"] = new("ImagePullFailed", "worker-cuda:1: not found", "the registry") { Pod = BrokenModel.Waiting("ErrImagePull", "failed to resolve worker-cuda:1: not found") },
        ["image name"] = new("ImagePullFailed", "couldn't parse image", "chart value images") { Pod = BrokenModel.Waiting("InvalidImageName", "couldn't parse image name") },
        ["container config"] = new("ContainerConfigInvalid", "configmap \"env\" not found", "kubectl describe pod") { Pod = BrokenModel.Waiting("CreateContainerConfigError", "configmap \\\"env\\\" not found") },
        ["container start"] = new("ContainerConfigInvalid", "no runtime for nvidia", "kubectl describe pod") { Pod = BrokenModel.Crashed(128, "no runtime for nvidia", "StartError") },
        ["killed for memory"] = new("OutOfMemory", "OOMKilled, exit code 137", "spec.resources.memory") { Pod = BrokenModel.Crashed(137, "", "OOMKilled") },
        ["no memory to start"] = new("OutOfMemory", "container init was OOM-killed", "spec.resources.memory") { Pod = BrokenModel.Waiting("RunContainerError", "container init was OOM-killed (memory limit too low?)") },
        ["killed by its probe"] = new("CrashLoop", "exit code 137", "kubectl logs --previous") { Pod = BrokenModel.Crashed(137) },
        ["crash"] = new("CrashLoop", "exit code 139", "kubectl logs --previous") { Pod = BrokenModel.Crashed(139) },
        ["evicted for memory"] = new("PodEvicted", "low on resource: memory", "relieve the node") { Pod = """{"phase":"Failed","reason":"Evicted","message":"The node was low on resource: memory."}""" },
        ["evicted for disk"] = new("DiskFull", "ephemeral-storage", "larger disk") { Pod = """{"phase":"Failed","reason":"Evicted","message":"The node was low on resource: ephemeral-storage."}""" },
        ["configuration"] = BrokenModel.Worded(64, "InvalidConfiguration", "--context-length 9 is below 64", "Correct the field of spec"),
        ["digest"] = BrokenModel.Worded(65, "DigestMismatch", "the file has abc, spec asks for def", "spec.model.sha256"),
        ["no GGUF"] = BrokenModel.Worded(65, "InvalidGguf", "it begins with <htm, not GGUF", "whole GGUF file"),
        ["architecture"] = BrokenModel.Worded(65, "UnsupportedArchitecture", "architecture zebra is not known", "newer FleetOps"),
        ["source not found"] = BrokenModel.Worded(66, "SourceNotFound", "the hub has no such file (404)", "spec.model.source"),
        ["hub refuses the secret"] = BrokenModel.Worded(77, "SourceUnauthorized", "the hub refuses the token (401)", "spec.model.credentialsSecretRef"),
        ["key missing in secret"] = BrokenModel.Worded(77, "CredentialsMissing", "key token is missing", "Add the key to the Secret"),
        ["disk full"] = BrokenModel.Worded(71, "DiskFull", "5 GiB needed, 3 GiB free", "Free space"),
        ["GPU memory"] = BrokenModel.Worded(71, "OutOfGpuMemory", "25769803776 bytes needed, 17179869184 free", "spec.engine.contextLength"),
        ["no CUDA"] = BrokenModel.Worded(69, "CudaUnavailable", "no CUDA device", "spec.engine.backend"),
        ["engine"] = BrokenModel.Worded(70, "EngineFailed", "decode failed", "kubectl logs --previous"),
        ["source unreachable"] = new("SourceUnreachable", "connection refused", "tries again")
        {
            Pod = Running,
            Worker = """{"phase":"Fetching","since":"2026-01-01T00:00:01Z","reason":"SourceUnreachable","message":"connection refused"}""",
        },
        ["silent worker"] = new("ProbeFailing", "does not answer on port 8080", "network policy") { Pod = Running },
        ["readiness probe"] = new("ProbeFailing", "readiness probe", "network policy") { Pod = Running, Worker = """{"phase":"Serving","since":"2026-01-01T00:00:01Z","reason":"","message":""}""" },
    };

    public static TheoryData<string> Ways => [.. Table.Keys];

    [Theory, MemberData(nameof(Ways))]
    public async Task A_broken_model_names_cause_and_cure(string way)
    {
        var broken = Table[way];
        var ns = await cluster.NewNamespaceAsync();
        await OfferGpusAsync(ns);
        cluster.Worker.State = broken.Worker;
        await ns.CreateModelAsync("broken", broken.Spec);
        if (broken.Deployment is { } condition)
        {
            await ns.AwaitAsync($"{ns.Deployments}/broken", _ => true, "the Deployment exists");
            Assert.True((await ns.Rest.MergeAsync($"{ns.Deployments}/broken/status", "{\"status\":{\"conditions\":[" + condition + "]}}")).IsSuccess);
        }

        if (broken.Pod is { } status)
        {
            await ns.SetPodStatusAsync(await ns.CreatePodAsync("broken"), status);
        }

        AssertTells(broken, await ns.AwaitConditionAsync("broken", "Ready", "False", broken.Reason));
        var told = await ns.AwaitEventAsync("broken", broken.Reason);
        Assert.Equal("Warning", (string)told["type"]!);
        AssertTells(broken, (string)told["note"]!);
        if (broken.Pod is not null)
        {
            var (model, _) = await ns.AwaitAsync($"{ns.Models}/broken", m => m["status"]!["workers"] is JsonArray { Count: 1 }, "the worker is listed");
            Assert.Equal(broken.Reason, (string)model["status"]!["workers"]![0]!["reason"]!);
        }

        var described = string.Join(' ', (await cluster.DescribeAsync(ns, "broken")).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        AssertTells(broken, described);
        Assert.Contains($"Warning {broken.Reason}", described[described.IndexOf("Events:", StringComparison.Ordinal)..], StringComparison.Ordinal);
    }

    private static void AssertTells(BrokenModel broken, string text)
    {
        Assert.Contains(broken.Cause, text, StringComparison.Ordinal);
        Assert.Contains(broken.Cure, text, StringComparison.Ordinal);
    }

    // GPUs can only be all in use where there are some.
    private async Task OfferGpusAsync(PlayedNamespace ns)
    {
        if (await ns.TryGetAsync("api/v1/nodes/gpu-node") is null)
        {
            Assert.True((await ns.Rest.CreateAsync("api/v1/nodes", "{apiVersion: v1, kind: Node, metadata: {name: gpu-node, labels: {nvidia.com/gpu.product: NVIDIA-L4, nvidia.com/gpu.memory: \"23034\"}}}")).IsSuccess);
            Assert.True((await ns.Rest.MergeAsync("api/v1/nodes/gpu-node/status", """{"status":{"capacity":{"nvidia.com/gpu":"8"},"allocatable":{"nvidia.com/gpu":"8"}}}""")).IsSuccess);
        }

        // A node that comes later wakes no model.
        var nodes = cluster.Operator.Services.GetRequiredService<IStore<V1Node>>();
        await Eventually.FindAsync("the operator knows the node", () => Task.FromResult(nodes.List().Any(static node => node.Status?.Allocatable is { Count: > 0 }) ? this : null));
    }
}
