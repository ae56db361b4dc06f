using System.Globalization;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using FleetOps.Benchmarks.Cluster;
using FleetOps.Benchmarks.Reports;

namespace FleetOps.Benchmarks.Fleet;

/// <summary>
/// Plays the Deployment controller, the scheduler and the kubelets: a Deployment that appears gets its pods, they run and are ready, and its
/// status says so. Later changes to a Deployment are left without an answer.
/// </summary>
internal sealed class PlayedNodes : IAsyncDisposable
{
    private const int InFlight = 16;
    private const string Since = "2026-01-01T00:00:10Z";

    private readonly Channel<JsonNode> _appeared = Channel.CreateUnbounded<JsonNode>();
    private readonly CancellationTokenSource _stop = new();
    private readonly BenchCluster _cluster;
    private readonly Task _playing;
    private int _pods;

    public PlayedNodes(BenchCluster cluster)
    {
        _cluster = cluster;
        _playing = Task.WhenAll(Enumerable.Range(0, InFlight).Select(_ => Task.Run(PlayAsync)));
    }

    /// <summary>Takes note of a change to a Deployment.</summary>
    public void DeploymentChanged(WatchedChange change)
    {
        if (change.Type == "ADDED")
        {
            _appeared.Writer.TryWrite(JsonNode.Parse(change.Entity.GetRawText())!);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _playing;
        _stop.Dispose();
    }

    private async Task PlayAsync()
    {
        try
        {
            await foreach (var deployment in _appeared.Reader.ReadAllAsync(_stop.Token))
            {
                await StartPodsAsync(deployment);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The run is over.
        }
        catch (Exception e)
        {
            Progress.Say($"the played nodes failed: {e.Message}");
        }
    }

    private async Task StartPodsAsync(JsonNode deployment)
    {
        var (ns, name) = ((string)deployment["metadata"]!["namespace"]!, (string)deployment["metadata"]!["name"]!);
        var replicas = (int)deployment["spec"]!["replicas"]!;
        for (var i = 0; i < replicas; i++)
        {
            var number = Interlocked.Increment(ref _pods);
            var pod = deployment["spec"]!["template"]!.DeepClone().AsObject();
            var podName = string.Create(CultureInfo.InvariantCulture, $"{name}-7d4b9c6f5d-{number:x5}");
            pod["apiVersion"] = "v1";
            pod["kind"] = "Pod";
            pod["metadata"]!["name"] = podName;
            pod["spec"]!["nodeName"] = string.Create(CultureInfo.InvariantCulture, $"node-{number % 100:00}");
            await _cluster.Admin.CreateAsync($"api/v1/namespaces/{ns}/pods", pod.ToJsonString(), _stop.Token);
            await _cluster.Admin.MergeAsync($"api/v1/namespaces/{ns}/pods/{podName}/status", PodStatus(podName, WorkerAnswers.AddressOf(number)), _stop.Token);
        }

        await _cluster.Admin.MergeAsync($"apis/apps/v1/namespaces/{ns}/deployments/{name}/status", DeploymentStatus(replicas, deployment["metadata"]!["generation"]!), _stop.Token);
    }

    private static string PodStatus(string name, string address) =>
        $$$"""
        {"status":{"phase":"Running","hostIP":"10.0.0.1","podIP":"{{{address}}}","podIPs":[{"ip":"{{{address}}}"}],"qosClass":"Burstable","startTime":"{{{Since}}}",
         "conditions":[{{{Condition("Initialized")}}},{{{Condition("Ready")}}},{{{Condition("ContainersReady")}}},{{{Condition("PodScheduled")}}}],
         "containerStatuses":[{"name":"worker","image":"fleetops.dev/worker-cuda:bench","imageID":"sha256:{{{name}}}","containerID":"containerd://{{{name}}}","ready":true,"started":true,
           "restartCount":0,"lastState":{},"state":{"running":{"startedAt":"{{{Since}}}"} } }]}}
        """;

    private static string DeploymentStatus(int replicas, JsonNode generation) =>
        $$$"""
        {"status":{"observedGeneration":{{{generation}}},"replicas":{{{replicas}}},"updatedReplicas":{{{replicas}}},"readyReplicas":{{{replicas}}},"availableReplicas":{{{replicas}}},
         "conditions":[{"type":"Available","status":"True","reason":"MinimumReplicasAvailable","lastTransitionTime":"{{{Since}}}"},
           {"type":"Progressing","status":"True","reason":"NewReplicaSetAvailable","lastTransitionTime":"{{{Since}}}"}]}}
        """;

    private static string Condition(string type) => $$"""{"type":"{{type}}","status":"True","lastTransitionTime":"{{Since}}"}""";
}
