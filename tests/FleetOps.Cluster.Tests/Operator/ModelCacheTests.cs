using System.Text.Json.Nodes;
using FleetOps.Cluster.Tests.Support;

namespace FleetOps.Cluster.Tests.Operator;

/// <summary>ModelCaches on a real API server; the test plays the Job controller and the kubelet.</summary>
[Collection(nameof(OperatedCluster))]
public sealed class ModelCacheTests(OperatedCluster cluster)
{
    private const string Spec = "{model: {source: hf://o/r/f.gguf}, target: {claimName: weights}}";

    [Fact]
    public async Task A_ModelCache_is_fetched_by_a_Job_and_remembered_when_that_is_gone()
    {
        var ns = await cluster.NewNamespaceAsync();
        var (name, job) = await ns.CreateCacheAsync("life", Spec);
        Assert.Equal("weights", (string?)job["spec"]!["template"]!["spec"]!["volumes"]![0]!["persistentVolumeClaim"]!["claimName"]);
        await AwaitAsync(ns, "Pending", "FetchStarting");

        cluster.Worker.State = """{"phase":"Fetching","fetchedBytes":37,"totalBytes":100}""";
        var pod = await ns.CreatePodAsync(job);
        await ns.SetRunningAsync(pod, ready: true);
        var fetching = await AwaitAsync(ns, "Fetching", "FetchingWeights");
        Assert.Equal("37%", (string?)fetching["status"]!["progress"]);

        await ns.SetPodStatusAsync(pod, Terminated("Succeeded", 0, """{\"model\":{\"sizeBytes\":100,\"sha256\":\"abc\",\"license\":\"mit\",\"revision\":\"c0ffee\"}}"""));
        await ns.SetJobAsync(name, "Complete");
        var ready = await AwaitAsync(ns, "Ready", "WeightsCached");
        Assert.Equal(("100%", "100 B", "abc", "mit"), ((string?)ready["status"]!["progress"], (string?)ready["status"]!["size"], (string?)ready["status"]!["sha256"], (string?)ready["status"]!["license"]));
        await ns.AwaitEventAsync("life", "WeightsCached");

        // As Kubernetes does after a day.
        await ns.Rest.DeleteAsync($"{ns.Pods}/{pod}?gracePeriodSeconds=0");
        await ns.Rest.DeleteAsync($"{ns.Jobs}/{name}?propagationPolicy=Background");
        await ns.Rest.MergeAsync($"{ns.Caches}/life", """{"spec":{"maxSize":"1Gi"}}""");
        await ns.AwaitAsync($"{ns.Caches}/life", c => (int?)c["status"]?["observedGeneration"] == 2 && (string?)c["status"]!["phase"] == "Ready", "Ready with the new limit");
        Assert.Null(await ns.JobOfAsync("life"));

        await ns.Rest.MergeAsync($"{ns.Caches}/life", """{"spec":{"model":{"source":"hf://o/r/g.gguf"}}}""");
        await Eventually.FindAsync("another Job for another source", () => ns.JobOfAsync("life"));
    }

    [Fact]
    public async Task A_wrong_file_is_told_with_the_words_of_the_pod_and_tried_again_when_its_Job_is_deleted()
    {
        var ns = await cluster.NewNamespaceAsync();
        var (name, job) = await ns.CreateCacheAsync("life", Spec);
        var pod = await ns.CreatePodAsync(job);
        await ns.SetPodStatusAsync(pod, Terminated("Failed", 65, """{\"reason\":\"DigestMismatch\",\"message\":\"the file has 1, spec asks for 2\"}"""));
        await ns.SetJobAsync(name, "Failed");

        var failed = await AwaitAsync(ns, "Failed", "DigestMismatch");
        Assert.Contains("the file has 1, spec asks for 2", (string)PlayedNamespace.Condition(failed, "Stalled")!["message"]!, StringComparison.Ordinal);
        await ns.AwaitEventAsync("life", "DigestMismatch");

        // Kubernetes removes the pods of a deleted Job; here the test does, and first, so that the next Job of this name does not find them.
        await ns.Rest.DeleteAsync($"{ns.Pods}/{pod}?gracePeriodSeconds=0");
        await ns.Rest.DeleteAsync($"{ns.Jobs}/{name}?propagationPolicy=Background");
        await Eventually.FindAsync("another try", async () => await ns.JobOfAsync("life") is { } again && (string?)again["metadata"]!["uid"] != (string?)job["metadata"]!["uid"] ? again : null);
        await AwaitAsync(ns, "Pending", "FetchStarting");
    }

    [Fact]
    public async Task A_missing_Secret_is_named_and_its_creation_is_noticed()
    {
        var ns = await cluster.NewNamespaceAsync();
        Assert.True((await ns.Rest.CreateAsync(ns.Caches, "{apiVersion: fleetops.dev/v1alpha1, kind: ModelCache, metadata: {name: life}, spec: {model: {source: hf://o/r/f.gguf, credentialsSecretRef: {name: hub}}, target: {claimName: weights}}}")).IsSuccess);
        await AwaitAsync(ns, "Failed", "SecretNotFound");

        await ns.Rest.CreateAsync(ns.Secrets, "{apiVersion: v1, kind: Secret, metadata: {name: hub}, stringData: {token: very-secret}}");

        await Eventually.FindAsync("the Job", () => ns.JobOfAsync("life"));
    }

    private static async Task<JsonNode> AwaitAsync(PlayedNamespace ns, string phase, string reason) =>
        (await ns.AwaitAsync($"{ns.Caches}/life", c => (string?)c["status"]?["phase"] == phase && (string?)PlayedNamespace.Condition(c, "Ready")?["reason"] == reason, $"{phase} {reason}")).Found;

    private static string Terminated(string phase, int exitCode, string message) =>
        """{"phase":"PHASE","containerStatuses":[{"name":"worker","image":"i","imageID":"","ready":false,"restartCount":0,"state":{"terminated":{"exitCode":CODE,"reason":"Completed","message":"WORDS"}}}]}"""
            .Replace("PHASE", phase, StringComparison.Ordinal)
            .Replace("CODE", exitCode.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("WORDS", message, StringComparison.Ordinal);
}
