using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using FleetOps.Inference.V1;

namespace FleetOps.EndToEnd.Tests;

/// <summary>Rollouts and crashes: what runs goes on, what is wanted is reached.</summary>
public sealed class DisturbanceTests(InstalledFleetOps fleet)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task A_rolling_change_of_the_context_length_ends_every_stream_well()
    {
        await using var space = await fleet.NewNamespaceAsync();
        var kubectl = space.Kubectl;
        await kubectl.ApplyAsync(Manifest.Model("rolled", replicas: 2, contextLength: 512, cpu: "300m"));
        await kubectl.WaitAsync("fmd/rolled", "condition=Ready", Limit);
        var before = await PodNamesAsync(kubectl, "rolled");
        using var client = await ModelClient.ThroughServiceAsync(kubectl, "rolled");

        using var stop = new CancellationTokenSource();
        var finishes = new ConcurrentBag<FinishInfo>();
        var started = new TaskCompletionSource();
        async Task StreamUntilStoppedAsync()
        {
            while (!stop.IsCancellationRequested)
            {
                finishes.Add(await client.StreamAsync("FleetOps is", tokens: 200, () => started.TrySetResult()));
            }
        }

        var streams = Task.WhenAll(StreamUntilStoppedAsync(), StreamUntilStoppedAsync());
        await Task.WhenAny(started.Task, streams);
        await kubectl.RunAsync("patch", "fmd", "rolled", "--type=merge", "-p", """{"spec":{"engine":{"contextLength":256}}}""");
        await ReachesAsync(kubectl, "rolled");
        await Eventually.HoldsAsync(
            () => PodNamesAsync(kubectl, "rolled"), pods => pods.Count == 2 && !pods.Overlaps(before), Limit, "Both old workers are gone");
        await stop.CancelAsync();
        await streams;

        Assert.NotEmpty(finishes);
        Assert.All(finishes, finish => Assert.Equal(FinishReason.Length, finish.Reason));
        Assert.Equal(256, (await client.ModelInfoAsync()).ContextLength);
    }

    [Fact]
    public async Task An_operator_killed_in_the_middle_of_a_rollout_finishes_it_when_it_is_back()
    {
        await using var space = await fleet.NewNamespaceAsync();
        var kubectl = space.Kubectl;
        await kubectl.ApplyAsync(Manifest.Model("orphaned", replicas: 2));
        await kubectl.WaitAsync("fmd/orphaned", "condition=Ready", Limit);
        var before = await PodNamesAsync(kubectl, "orphaned");

        await kubectl.RunAsync("patch", "fmd", "orphaned", "--type=merge", "-p", """{"spec":{"engine":{"contextLength":384}}}""");
        await Eventually.HoldsAsync(() => PodNamesAsync(kubectl, "orphaned"), pods => !pods.IsSubsetOf(before), Limit, "The rollout has begun");
        await KillOperatorAsync();
        await kubectl.RunAsync("patch", "fmd", "orphaned", "--type=merge", "-p", """{"spec":{"engine":{"contextLength":320}}}""");

        await ReachesAsync(kubectl, "orphaned");
        // A worker of the rollout before may still end its streams behind the Service.
        await Eventually.HoldsAsync(
            () => PodNamesAsync(kubectl, "orphaned"), pods => pods.Count == 2, Limit, "Only the workers of the last change are left");
        using var client = await ModelClient.ThroughServiceAsync(kubectl, "orphaned");
        Assert.Equal(320, (await client.ModelInfoAsync()).ContextLength);
    }

    [Fact]
    public async Task Workers_serve_while_the_API_server_restarts_and_the_operator_goes_on_after_it()
    {
        await using var space = await fleet.NewNamespaceAsync();
        var kubectl = space.Kubectl;
        await kubectl.ApplyAsync(Manifest.Model("steady"));
        await kubectl.WaitAsync("fmd/steady", "condition=Ready", Limit);
        using var client = await ModelClient.ThroughServiceAsync(kubectl, "steady");
        var restarts = await OperatorPodsAsync();

        var restarting = Command.RunAsync(Repository.File("deploy", "local", "cluster"), ["restart-apiserver"], limit: Limit);
        do
        {
            Assert.Equal(FinishReason.Length, (await client.StreamAsync("FleetOps is", tokens: 50)).Reason);
        }
        while (!restarting.IsCompleted);

        (await restarting).Succeeded();
        await kubectl.RunAsync("scale", "fmd/steady", "--replicas=2");
        await ReachesAsync(kubectl, "steady");
        Assert.Equal(restarts.Select(pod => pod["metadata"]!["uid"]!.ToString()), (await OperatorPodsAsync()).Select(pod => pod["metadata"]!["uid"]!.ToString()));
    }

    [Fact]
    public async Task A_killed_worker_comes_back_and_serves()
    {
        await using var space = await fleet.NewNamespaceAsync();
        var kubectl = space.Kubectl;
        await kubectl.ApplyAsync(Manifest.Model("fallen"));
        await kubectl.WaitAsync("fmd/fallen", "condition=Ready", Limit);
        var pod = Assert.Single(await kubectl.ListAsync("pods", "fleetops.dev/model=fallen"));

        NodeProcesses.Kill(pod["metadata"]!["uid"]!.ToString(), "fleetops-worker");

        await Eventually.HoldsAsync(
            () => kubectl.RunAsync("get", "pods", "-l", "fleetops.dev/model=fallen", "-o", "jsonpath={.items[0].status.containerStatuses[0].restartCount} {.items[0].status.containerStatuses[0].ready}"),
            state => state == "1 true", Limit, "The worker has restarted once and is ready");
        await kubectl.WaitAsync("fmd/fallen", "condition=Ready", Limit);
        using var client = await ModelClient.ThroughServiceAsync(kubectl, "fallen");
        var (question, answer) = Repository.DemoQuestions[0];
        Assert.Equal(answer, await client.AskAsync(question));
    }

    private static async Task ReachesAsync(Kubectl kubectl, string name)
    {
        var generation = await kubectl.RunAsync("get", "fmd", name, "-o", "jsonpath={.metadata.generation}");
        await Eventually.HoldsAsync(
            () => kubectl.RunAsync("get", "fmd", name, "-o", "jsonpath={.status.observedGeneration} {.status.conditions[?(@.type==\"Ready\")].status}"),
            state => state == $"{generation} True", Limit, $"{name} is Ready at generation {generation}");
    }

    private static async Task<HashSet<string>> PodNamesAsync(Kubectl kubectl, string model) =>
        [.. (await kubectl.RunAsync("get", "pods", "-l", $"fleetops.dev/model={model}", "-o", "name")).Split('\n', StringSplitOptions.RemoveEmptyEntries)];

    private Task<IReadOnlyList<JsonNode>> OperatorPodsAsync() =>
        fleet.Kubectl.In("fleetops-system").ListAsync("pods", "app.kubernetes.io/name=fleetops");

    private async Task KillOperatorAsync()
    {
        foreach (var pod in await OperatorPodsAsync())
        {
            NodeProcesses.Kill(pod["metadata"]!["uid"]!.ToString(), "fleetops-operator");
        }
    }
}
