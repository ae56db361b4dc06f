using FleetOps.Cluster.Tests.Support;

namespace FleetOps.Cluster.Tests.Operator;

[Collection(nameof(OperatedCluster))]
public sealed class SteadyStateTests(OperatedCluster cluster)
{
    private const string Serving = """{"phase":"Serving","model":{"architecture":"llama","parameters":1000000,"quantization":"F16"}}""";

    [Fact]
    public async Task Nothing_is_written_at_rest_nor_after_a_restart_of_the_operator()
    {
        var ns = await cluster.NewNamespaceAsync();
        cluster.Worker.State = Serving;
        foreach (var name in new[] { "one", "two", "three" })
        {
            await ns.CreateModelAsync(name, "{model: {source: hf://o/r/f.gguf}, resources: {gpus: 1, cpu: 1000m, memory: 1.5Gi}}");
            await ns.SetRunningAsync(await ns.CreatePodAsync(name), ready: true);
            await ns.AwaitAsync($"{ns.Models}/{name}", m => m["status"]?["model"] is not null && (string?)m["status"]!["phase"] == "Ready", "it is ready");
        }

        await ns.AwaitEventAsync("three", "AllWorkersReady");
        // The server has an event a moment before the operator has its answer.
        var events = (await ns.Rest.GetAsync($"apis/events.k8s.io/v1/namespaces/{ns.Name}/events")).Body["items"]!.AsArray().Count;
        await Eventually.FindAsync("all writes are noted", () => Task.FromResult(
            cluster.Operator.Requests.Writes.Count(write => Concerns(ns, write) && write.Contains("/events", StringComparison.Ordinal)) >= events ? this : null));
        var before = await VersionsAsync(ns);
        var requests = cluster.Operator.Requests.Writes.Count;
        await PassAsync(ns);
        Assert.DoesNotContain(cluster.Operator.Requests.Writes.Skip(requests), write => Concerns(ns, write));

        await cluster.RestartOperatorAsync();
        await PassAsync(ns);

        Assert.DoesNotContain(cluster.Operator.Requests.Writes, write => Concerns(ns, write));
        Assert.Equal(before, await VersionsAsync(ns));
    }

    [Fact]
    public async Task The_rights_of_the_chart_are_enough()
    {
        var ns = await cluster.NewNamespaceAsync();
        await ns.CreateModelAsync("allowed");

        await ns.AwaitConditionAsync("allowed", "Ready", "False", "WorkersStarting");
        await ns.AwaitEventAsync("allowed", "WorkersStarting");

        Assert.Empty(cluster.Operator.Requests.Forbidden);
    }

    private static bool Concerns(PlayedNamespace ns, string write) => write.Contains($"/{ns.Name}/", StringComparison.Ordinal);

    // A change elsewhere that comes back proves that everything before it has been looked at; no sleep could.
    private static async Task PassAsync(PlayedNamespace ns)
    {
        var canary = $"canary-{Guid.NewGuid():N}"[..15];
        var other = new PlayedNamespace(ns.Rest, "default");
        for (var i = 0; i < 3; i++)
        {
            await other.CreateModelAsync($"{canary}-{i}");
            await other.AwaitAsync($"{other.Models}/{canary}-{i}", m => m["status"] is not null, "the canary's status is written");
        }

        foreach (var name in new[] { "one", "two", "three" })
        {
            // Wakes the controller, and changes nothing that it plans.
            await ns.Rest.MergeAsync($"{ns.Deployments}/{name}", """{"metadata":{"annotations":{"example.com/touched":"NAME"}}}""".Replace("NAME", canary, StringComparison.Ordinal));
        }

        await other.CreateModelAsync($"{canary}-last");
        await other.AwaitAsync($"{other.Models}/{canary}-last", m => m["status"] is not null, "the canary's status is written");
    }

    private static async Task<List<string>> VersionsAsync(PlayedNamespace ns)
    {
        List<string> versions = [];
        foreach (var name in new[] { "one", "two", "three" })
        {
            foreach (var path in new[] { $"{ns.Models}/{name}", $"{ns.Services}/{name}", $"{ns.Services}/{name}-headless", $"{ns.ServiceAccounts}/{name}" })
            {
                versions.Add($"{path} {(await ns.TryGetAsync(path))!["metadata"]!["resourceVersion"]}");
            }
        }

        return versions;
    }
}
