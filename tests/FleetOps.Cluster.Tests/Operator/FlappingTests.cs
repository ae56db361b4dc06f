using System.Diagnostics;
using System.Text.Json.Nodes;

namespace FleetOps.Cluster.Tests.Operator;

/// <summary>What comes and goes all the time is told, and does not flood.</summary>
[Collection(nameof(OperatedCluster))]
public sealed class FlappingTests(OperatedCluster cluster)
{
    private const string Serving = """{"phase":"Serving","model":{"architecture":"llama","parameters":1000000,"quantization":"F16"}}""";

    [Fact]
    public async Task A_worker_that_flaps_floods_neither_status_nor_events_and_its_last_state_is_told()
    {
        var ns = await cluster.NewNamespaceAsync();
        cluster.Worker.State = Serving;
        await ns.CreateModelAsync("flapping");
        var pod = await ns.CreatePodAsync("flapping");
        await ns.SetRunningAsync(pod, ready: true);
        await ns.AwaitConditionAsync("flapping", "Ready", "True", "AllWorkersReady");
        var started = Stopwatch.GetTimestamp();
        var before = cluster.Operator.Requests.Writes.Count;

        for (var i = 0; i < 1000; i++)
        {
            await ns.SetRunningAsync(pod, ready: i % 2 == 1);
        }

        await ns.AwaitAsync($"{ns.Models}/flapping", m => (string?)PlayedNamespace.Condition(m, "Ready")!["status"] == "True" && (int)m["status"]!["readyReplicas"]! == 1, "the last state is told");
        var writes = cluster.Operator.Requests.Writes.Skip(before).ToList();
        var statusWrites = writes.Count(w => w.Contains($"/{ns.Name}/modeldeployments/flapping/status", StringComparison.Ordinal));
        var eventWrites = writes.Count(w => w.Contains($"/namespaces/{ns.Name}/events", StringComparison.Ordinal));
        TestContext.Current.TestOutputHelper!.WriteLine($"1000 changes in {Stopwatch.GetElapsedTime(started).TotalSeconds:0.0} s: {statusWrites} writes of status, {eventWrites} of events");
        Assert.InRange(statusWrites, 1, 30 + (int)(Stopwatch.GetElapsedTime(started).TotalSeconds / 3) + 2);
        Assert.InRange(eventWrites, 0, 25);
    }

    [Fact]
    public async Task The_main_steps_of_a_start_are_events()
    {
        var ns = await cluster.NewNamespaceAsync();
        cluster.Worker.State = """{"phase":"Fetching","fetchedBytes":1,"totalBytes":10}""";
        await ns.CreateModelAsync("starting");
        await ns.AwaitEventAsync("starting", "WorkersStarting");
        var pod = await ns.CreatePodAsync("starting");
        await ns.SetRunningAsync(pod, ready: false);
        await ns.AwaitEventAsync("starting", "FetchingWeights");
        cluster.Worker.State = """{"phase":"Verifying"}""";
        await ns.AwaitEventAsync("starting", "VerifyingWeights");
        cluster.Worker.State = """{"phase":"Loading"}""";
        await ns.AwaitEventAsync("starting", "LoadingModel");
        // A worker that serves and whose pod is not ready for long would be one whose probe fails.
        await ns.SetRunningAsync(pod, ready: true);
        cluster.Worker.State = Serving;
        await ns.AwaitEventAsync("starting", "AllWorkersReady");

        var described = await cluster.DescribeAsync(ns, "starting");

        var events = described[described.IndexOf("Events:", StringComparison.Ordinal)..];
        Assert.All(["WorkersStarting", "FetchingWeights", "VerifyingWeights", "LoadingModel", "AllWorkersReady"], reason => Assert.Contains(reason, events, StringComparison.Ordinal));
        Assert.DoesNotContain("Warning", events, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_change_that_cannot_start_leaves_what_serves_and_taking_it_back_recovers_at_once()
    {
        var ns = await cluster.NewNamespaceAsync();
        cluster.Worker.State = Serving;
        await ns.CreateModelAsync("rolled");
        await ns.SetRunningAsync(await ns.CreatePodAsync("rolled"), ready: true);
        await ns.AwaitConditionAsync("rolled", "Ready", "True", "AllWorkersReady");
        var (first, _) = await ns.AwaitAsync($"{ns.Deployments}/rolled", _ => true, "the Deployment");

        await SetContextLengthAsync(ns, 8192);
        await ns.AwaitAsync($"{ns.Deployments}/rolled", d => Template(d) != Template(first), "the Deployment is changed");
        var next = await ns.CreatePodAsync("rolled");
        await ns.SetPodStatusAsync(next, BrokenModel.Unschedulable("0/1 nodes are available: 1 Insufficient nvidia.com/gpu."));
        var blocked = await ns.AwaitConditionAsync("rolled", "Ready", "False", "RolloutBlocked");
        Assert.Contains(next, blocked, StringComparison.Ordinal);
        Assert.Contains("spec.rollout.maxUnavailable to 1", blocked, StringComparison.Ordinal);
        await ns.AwaitConditionAsync("rolled", "Available", "True", "WorkersServing");
        await ns.SetPodStatusAsync(next, BrokenModel.Crashed(71, """{\"reason\":\"OutOfGpuMemory\",\"message\":\"24 GiB needed\"}"""));
        await ns.AwaitConditionAsync("rolled", "Ready", "False", "OutOfGpuMemory");
        await ns.AwaitConditionAsync("rolled", "Available", "True", "WorkersServing");

        await SetContextLengthAsync(ns, 4096);

        await ns.AwaitConditionAsync("rolled", "Ready", "True", "AllWorkersReady");
    }

    private static async Task SetContextLengthAsync(PlayedNamespace ns, int tokens) =>
        Assert.True((await ns.Rest.MergeAsync($"{ns.Models}/rolled", new JsonObject { ["spec"] = new JsonObject { ["engine"] = new JsonObject { ["contextLength"] = tokens } } }.ToJsonString())).IsSuccess);

    private static string Template(JsonNode deployment) => deployment["spec"]!["template"]!.ToJsonString();
}
