using System.Globalization;
using System.Text.Json.Nodes;
using FleetOps.Cluster.Tests.Support;

namespace FleetOps.Cluster.Tests.Operator;

/// <summary>A namespace in which the test plays the user, the controllers of Kubernetes and the kubelet.</summary>
internal sealed class PlayedNamespace(RestClient rest, string name)
{
    private int _pods;

    public RestClient Rest { get; } = rest;

    public string Name { get; } = name;

    public string Models => $"apis/fleetops.dev/v1alpha1/namespaces/{Name}/modeldeployments";

    public string Caches => $"apis/fleetops.dev/v1alpha1/namespaces/{Name}/modelcaches";

    public string Jobs => $"apis/batch/v1/namespaces/{Name}/jobs";

    public string Deployments => $"apis/apps/v1/namespaces/{Name}/deployments";

    public string Services => $"api/v1/namespaces/{Name}/services";

    public string ServiceAccounts => $"api/v1/namespaces/{Name}/serviceaccounts";

    public string Pods => $"api/v1/namespaces/{Name}/pods";

    public string Secrets => $"api/v1/namespaces/{Name}/secrets";

    public string Claims => $"api/v1/namespaces/{Name}/persistentvolumeclaims";

    public string NetworkPolicies => $"apis/networking.k8s.io/v1/namespaces/{Name}/networkpolicies";

    public async Task CreateClaimAsync(string name, string accessMode)
    {
        var answer = await Rest.CreateAsync(Claims, $"{{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {{name: {name}}}, spec: {{accessModes: [{accessMode}], resources: {{requests: {{storage: 1Gi}}}}}}}}");
        Assert.True(answer.IsSuccess, answer.Message);
    }

    public async Task<JsonNode> CreateModelAsync(string name, string spec = "{model: {source: hf://owner/repository/model.gguf}, resources: {gpus: 1}}")
    {
        var answer = await Rest.CreateAsync(Models, $"{{apiVersion: fleetops.dev/v1alpha1, kind: ModelDeployment, metadata: {{name: {name}}}, spec: {spec}}}");
        Assert.True(answer.IsSuccess, answer.Message);
        return answer.Body;
    }

    /// <summary>Creates a ModelCache and waits for its Job; answers with the Job's name and its whole.</summary>
    public async Task<(string Name, JsonNode Job)> CreateCacheAsync(string name, string spec)
    {
        var answer = await Rest.CreateAsync(Caches, $"{{apiVersion: fleetops.dev/v1alpha1, kind: ModelCache, metadata: {{name: {name}}}, spec: {spec}}}");
        Assert.True(answer.IsSuccess, answer.Message);
        var (job, _) = await Eventually.FindAsync($"the Job of ModelCache {name}", () => JobOfAsync(name));
        return ((string)job["metadata"]!["name"]!, job);
    }

    /// <summary>The Job of a ModelCache; null when there is none.</summary>
    public async Task<JsonNode?> JobOfAsync(string cache) =>
        (await Rest.GetAsync(Jobs)).Body["items"]!.AsArray().FirstOrDefault(job => (string?)job!["metadata"]!["ownerReferences"]?[0]!["name"] == cache && job["metadata"]!["deletionTimestamp"] is null);

    /// <summary>Plays the Job controller: a pod of a Job.</summary>
    public Task<string> CreatePodAsync(JsonNode job) => CreatePodAsync((string)job["metadata"]!["name"]!, job["spec"]!["template"]!);

    /// <summary>Plays the Job controller: what it says of a Job.</summary>
    public async Task SetJobAsync(string job, string condition)
    {
        var answer = await Rest.MergeAsync($"{Jobs}/{job}/status", """{"status":{"conditions":[{"type":"CONDITION","status":"True","reason":"played","message":"so it was played"}]}}""".Replace("CONDITION", condition, StringComparison.Ordinal));
        Assert.True(answer.IsSuccess, answer.Message);
    }

    public async Task<JsonNode?> TryGetAsync(string path) => await Rest.GetAsync(path) is { IsSuccess: true } answer ? answer.Body : null;

    /// <summary>Waits for an object of which something holds.</summary>
    public async Task<(JsonNode Found, TimeSpan After)> AwaitAsync(string path, Func<JsonNode, bool> holds, string what, TimeSpan? limit = null)
    {
        JsonNode? last = null;
        try
        {
            return await Eventually.FindAsync(what, async () => (last = await TryGetAsync(path)) is { } found && holds(found) ? found : null, limit);
        }
        catch (Xunit.Sdk.FailException e)
        {
            Assert.Fail($"{e.Message} Last seen: {last?.ToJsonString() ?? "nothing"}");
            throw;
        }
    }

    /// <summary>Waits for a condition with a reason and returns its message.</summary>
    public async Task<string> AwaitConditionAsync(string model, string type, string status, string reason)
    {
        var (found, _) = await AwaitAsync($"{Models}/{model}", m => Condition(m, type) is { } c && (string?)c["status"] == status && (string?)c["reason"] == reason, $"{type}={status} {reason}");
        return (string)Condition(found, type)!["message"]!;
    }

    /// <summary>Waits for an event about a model.</summary>
    public async Task<JsonNode> AwaitEventAsync(string model, string reason) =>
        (await Eventually.FindAsync($"an event {reason}", async () =>
            (await Rest.GetAsync($"apis/events.k8s.io/v1/namespaces/{Name}/events")).Body["items"]!.AsArray()
                .FirstOrDefault(e => (string?)e!["regarding"]!["name"] == model && (string?)e["reason"] == reason))).Found;

    /// <summary>Plays the ReplicaSet controller: a pod from the Deployment's template.</summary>
    public async Task<string> CreatePodAsync(string deployment)
    {
        var (found, _) = await AwaitAsync($"{Deployments}/{deployment}", _ => true, "the Deployment exists");
        return await CreatePodAsync(deployment, found["spec"]!["template"]!);
    }

    private async Task<string> CreatePodAsync(string owner, JsonNode template)
    {
        var pod = template.DeepClone().AsObject();
        var podName = string.Create(CultureInfo.InvariantCulture, $"{owner}-{++_pods}");
        pod["apiVersion"] = "v1";
        pod["kind"] = "Pod";
        pod["metadata"]!["name"] = podName;
        var answer = await Rest.CreateAsync(Pods, pod.ToJsonString());
        Assert.True(answer.IsSuccess, answer.Message);
        return podName;
    }

    /// <summary>Plays scheduler and kubelet: what they say of a pod.</summary>
    public async Task SetPodStatusAsync(string pod, string status)
    {
        var answer = await Rest.MergeAsync($"{Pods}/{pod}/status", "{\"status\":" + status + "}");
        Assert.True(answer.IsSuccess, answer.Message);
    }

    public Task SetRunningAsync(string pod, bool ready) => SetPodStatusAsync(
        pod,
        """
        {"phase":"Running","podIP":"127.0.0.1","podIPs":[{"ip":"127.0.0.1"}],
         "conditions":[{"type":"Ready","status":"IS-READY","lastTransitionTime":"2026-01-01T00:00:10Z"}],
         "containerStatuses":[{"name":"worker","image":"i","imageID":"","containerID":"containerd://CONTAINER","ready":ready,"restartCount":0,
           "state":{"running":{"startedAt":"2026-01-01T00:00:00Z"}}}]}
        """
            .Replace("IS-READY", ready ? "True" : "False", StringComparison.Ordinal)
            .Replace("\"ready\":ready", ready ? "\"ready\":true" : "\"ready\":false", StringComparison.Ordinal)
            .Replace("CONTAINER", pod, StringComparison.Ordinal));

    public static JsonNode? Condition(JsonNode model, string type) =>
        (model["status"]?["conditions"] as JsonArray)?.FirstOrDefault(c => (string?)c!["type"] == type);
}
