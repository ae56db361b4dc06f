using FleetOps.ControllerRuntime.Informers;
using k8s.Models;
using Microsoft.Extensions.DependencyInjection;

namespace FleetOps.Cluster.Tests.Operator;

[Collection(nameof(OperatedCluster))]
public sealed class StatusTests(OperatedCluster cluster)
{
    private const string Fetching =
        """{"phase":"Fetching","since":"2026-01-01T00:00:01.5Z","reason":"","message":"","fetchedBytes":500,"totalBytes":1000,"backend":null,"model":null}""";

    private const string Serving =
        """
        {"phase":"Serving","since":"2026-01-01T00:00:09Z","reason":"","message":"","fetchedBytes":1000,"totalBytes":1000,
         "model":{"architecture":"llama","name":"Test","parameters":8030261248,"quantization":"Q4_K_M","contextLength":131072,"sizeBytes":4920734176,
                  "sha256":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","license":"","revision":"abc"}}
        """;

    [Fact]
    public async Task A_worker_is_followed_from_the_scheduler_to_the_first_answer()
    {
        var ns = await cluster.NewNamespaceAsync();
        cluster.Worker.State = null;
        await ns.CreateModelAsync("life");
        var pod = await ns.CreatePodAsync("life");

        await ns.SetPodStatusAsync(pod, """{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"0/1 nodes are available: 1 Insufficient nvidia.com/gpu."}]}""");
        var message = await ns.AwaitConditionAsync("life", "Ready", "False", "GpuUnavailable");
        Assert.Contains("Insufficient nvidia.com/gpu", message, StringComparison.Ordinal);
        Assert.Contains("spec.resources.gpus", message, StringComparison.Ordinal);
        Assert.Equal("Warning", (string)(await ns.AwaitEventAsync("life", "GpuUnavailable"))["type"]!);

        cluster.Worker.State = Fetching;
        await ns.SetRunningAsync(pod, ready: false);
        await ns.AwaitConditionAsync("life", "WeightsReady", "False", "FetchingWeights");
        var (fetching, _) = await ns.AwaitAsync($"{ns.Models}/life", m => (string?)m["status"]!["phase"] == "Fetching", "the phase is Fetching");
        var worker = fetching["status"]!["workers"]![0]!;
        Assert.Equal((pod, "Fetching", 500, 1000), ((string)worker["pod"]!, (string)worker["phase"]!, (int)worker["fetchedBytes"]!, (int)worker["totalBytes"]!));
        Assert.Equal("2026-01-01T00:00:01Z", (string)worker["since"]!);

        cluster.Worker.State = Serving;
        await ns.SetRunningAsync(pod, ready: true);
        await ns.AwaitConditionAsync("life", "Ready", "True", "AllWorkersReady");
        var (ready, _) = await ns.AwaitAsync($"{ns.Models}/life", m => m["status"]!["model"] is not null, "the model is shown");
        Assert.Equal("llama 8.0B", (string)ready["status"]!["model"]!["summary"]!);
        Assert.Equal(("1/1", "Ready", 1, 1), ((string)ready["status"]!["ready"]!, (string)ready["status"]!["phase"]!, (int)ready["status"]!["replicas"]!, (int)ready["status"]!["readyReplicas"]!));
        Assert.Equal(
            ["Accepted=True", "WeightsReady=True", "Available=True", "Ready=True", "Reconciling=False", "Stalled=False"],
            ready["status"]!["conditions"]!.AsArray().Select(c => $"{c!["type"]}={c["status"]}"));
        Assert.Equal("Normal", (string)(await ns.AwaitEventAsync("life", "AllWorkersReady"))["type"]!);
        var provenance = (string)(await ns.AwaitEventAsync("life", "WeightsVerified"))["note"]!;
        Assert.Contains("revision abc, sha256 0123456789abcdef", provenance, StringComparison.Ordinal);
        Assert.Contains("4920734176 bytes, licence not stated", provenance, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_worker_that_runs_and_says_nothing_is_noticed()
    {
        var ns = await cluster.NewNamespaceAsync();
        cluster.Worker.State = null;
        await ns.CreateModelAsync("silent");
        var pod = await ns.CreatePodAsync("silent");

        await ns.SetRunningAsync(pod, ready: false);

        Assert.Contains(pod, await ns.AwaitConditionAsync("silent", "Ready", "False", "ProbeFailing"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_worker_leaves_behind_when_it_ends_is_told()
    {
        var ns = await cluster.NewNamespaceAsync();
        await ns.CreateModelAsync("ended");
        var pod = await ns.CreatePodAsync("ended");

        await ns.SetPodStatusAsync(pod, """
            {"phase":"Running","containerStatuses":[{"name":"worker","image":"i","imageID":"","ready":false,"restartCount":1,
              "state":{"waiting":{"reason":"CrashLoopBackOff"}},
              "lastState":{"terminated":{"exitCode":65,"reason":"Error","message":"{\"reason\":\"DigestMismatch\",\"message\":\"the file has 1, spec asks for 2\"}"}}}]}
            """);

        Assert.Contains("the file has 1, spec asks for 2", await ns.AwaitConditionAsync("ended", "Stalled", "True", "DigestMismatch"), StringComparison.Ordinal);
        await ns.AwaitConditionAsync("ended", "WeightsReady", "False", "DigestMismatch");
        await ns.AwaitEventAsync("ended", "DigestMismatch");
    }

    [Fact]
    public async Task A_quota_that_refuses_the_pods_is_named()
    {
        var ns = await cluster.NewNamespaceAsync();
        await ns.CreateModelAsync("quota");
        await ns.AwaitAsync($"{ns.Deployments}/quota", _ => true, "the Deployment");

        await ns.Rest.MergeAsync($"{ns.Deployments}/quota/status", """
            {"status":{"conditions":[{"type":"ReplicaFailure","status":"True","reason":"FailedCreate","message":"pods \"quota-x\" is forbidden: exceeded quota: gpus, requested: requests.nvidia.com/gpu=1, used: 0, limited: 0"}]}}
            """);

        Assert.Contains("exceeded quota: gpus", await ns.AwaitConditionAsync("quota", "Ready", "False", "QuotaExceeded"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_Secret_is_named_and_its_creation_is_noticed_without_its_values()
    {
        var ns = await cluster.NewNamespaceAsync();
        await ns.CreateModelAsync("locked", "{model: {source: hf://o/r/f.gguf, credentialsSecretRef: {name: hub-token}}}");

        Assert.Contains("Secret hub-token", await ns.AwaitConditionAsync("locked", "Ready", "False", "SecretNotFound"), StringComparison.Ordinal);
        await ns.AwaitEventAsync("locked", "SecretNotFound");
        Assert.Null(await ns.TryGetAsync($"{ns.Deployments}/locked"));

        await ns.Rest.CreateAsync(ns.Secrets, "{apiVersion: v1, kind: Secret, metadata: {name: hub-token}, stringData: {token: very-secret}}");

        await ns.AwaitAsync($"{ns.Deployments}/locked", _ => true, "the Deployment is made");
        await ns.AwaitConditionAsync("locked", "Ready", "False", "WorkersStarting");
        var seen = cluster.Operator.Services.GetRequiredService<IStore<V1Secret>>().Get(new(ns.Name, "hub-token"));
        Assert.NotNull(seen);
        Assert.True(seen.Data is null or { Count: 0 });
    }
}
