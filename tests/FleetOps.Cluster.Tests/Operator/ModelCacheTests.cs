using System.Text.Json.Nodes;
using FleetOps.Cluster.Tests.Support;
using FleetOps.ControllerRuntime.Informers;
using k8s.Models;
using Microsoft.Extensions.DependencyInjection;

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
        var told = (string)(await ns.AwaitEventAsync("life", "WeightsCached"))["note"]!;
        Assert.EndsWith("revision c0ffee, sha256 abc, 100 bytes, licence mit.", told, StringComparison.Ordinal);

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

    [Fact]
    public async Task A_deleted_ModelCache_goes_once_a_Job_has_removed_its_files()
    {
        var ns = await cluster.NewNamespaceAsync();
        await CreateClaimAsync(ns);
        var (fetch, _) = await ns.CreateCacheAsync("life", Spec);
        await ns.AwaitAsync($"{ns.Caches}/life", c => c["metadata"]!["finalizers"]?.ToJsonString().Contains("fleetops.dev/cached-files", StringComparison.Ordinal) == true, "the finalizer");

        Assert.True((await ns.Rest.DeleteAsync($"{ns.Caches}/life")).IsSuccess);
        await Eventually.FindAsync("the Job that fetches is gone", async () => await ns.TryGetAsync($"{ns.Jobs}/{fetch}") is null ? "gone" : null);
        var (job, _) = await Eventually.FindAsync("the Job that removes", () => ns.JobOfAsync("life"));
        Assert.Equal("remove", (string?)job["spec"]!["template"]!["spec"]!["containers"]![0]!["args"]![0]);
        await AwaitAsync(ns, "Terminating", "Deleting");
        var pod = await ns.CreatePodAsync(job);
        await ns.SetPodStatusAsync(pod, Terminated("Succeeded", 0, """{\"removal\":{\"bytes\":100,\"inUse\":false}}"""));
        await ns.SetJobAsync((string)job["metadata"]!["name"]!, "Complete");

        await Eventually.FindAsync("the ModelCache is gone", async () => await ns.TryGetAsync($"{ns.Caches}/life") is null ? "gone" : null);
        await ns.AwaitEventAsync("life", "FilesRemoved");
    }

    [Fact]
    public async Task A_ModelCache_whose_claim_is_gone_goes_at_once()
    {
        var ns = await cluster.NewNamespaceAsync();
        await ns.CreateCacheAsync("life", Spec);

        Assert.True((await ns.Rest.DeleteAsync($"{ns.Caches}/life")).IsSuccess);

        await Eventually.FindAsync("the ModelCache is gone", async () => await ns.TryGetAsync($"{ns.Caches}/life") is null ? "gone" : null);
    }

    [Fact]
    public async Task A_ModelDeployment_uses_a_ModelCache_of_its_source_which_then_keeps_its_files()
    {
        var ns = await cluster.NewNamespaceAsync();
        await CreateClaimAsync(ns);
        await ns.CreateCacheAsync("life", Spec);

        await ns.CreateModelAsync("user", "{model: {source: hf://o/r/f.gguf}}");
        await ns.CreateModelAsync("other", "{model: {source: hf://o/r/g.gguf}}");

        var (user, _) = await ns.AwaitAsync($"{ns.Deployments}/user", _ => true, "the Deployment");
        Assert.Equal("weights", (string?)user["spec"]!["template"]!["spec"]!["volumes"]![0]!["persistentVolumeClaim"]?["claimName"]);
        await ns.AwaitAsync($"{ns.Models}/user", m => (string?)m["status"]?["cache"]?["name"] == "life", "status names the ModelCache");
        var (other, _) = await ns.AwaitAsync($"{ns.Deployments}/other", _ => true, "the Deployment");
        Assert.NotNull(other["spec"]!["template"]!["spec"]!["volumes"]![0]!["emptyDir"]);

        Assert.True((await ns.Rest.DeleteAsync($"{ns.Caches}/life")).IsSuccess);
        await Eventually.FindAsync("the ModelCache is gone", async () => await ns.TryGetAsync($"{ns.Caches}/life") is null ? "gone" : null);
        Assert.Contains($"ModelDeployment {ns.Name}/user uses them", (string)(await ns.AwaitEventAsync("life", "FilesKept"))["note"]!, StringComparison.Ordinal);
    }

    // A ModelCache whose claim is not known yet is fetched for anew when it is.
    private async Task CreateClaimAsync(PlayedNamespace ns)
    {
        await ns.CreateClaimAsync("weights", "ReadWriteMany");
        var claims = cluster.Operator.Services.GetRequiredService<IStore<V1PersistentVolumeClaim>>();
        await Eventually.FindAsync("the operator knows the claim", () => Task.FromResult(claims.Get(new(ns.Name, "weights"))));
    }

    [Fact]
    public async Task A_claim_that_was_made_anew_is_fetched_to_again()
    {
        var ns = await cluster.NewNamespaceAsync();
        await CreateClaimAsync(ns);
        var (name, _) = await ns.CreateCacheAsync("life", Spec);
        await ns.SetJobAsync(name, "Complete");
        await AwaitAsync(ns, "Ready", "WeightsCached");

        Assert.True((await ns.Rest.MergeAsync($"{ns.Claims}/weights", """{"metadata":{"finalizers":null}}""")).IsSuccess);
        Assert.True((await ns.Rest.DeleteAsync($"{ns.Claims}/weights")).IsSuccess);
        await AwaitAsync(ns, "Pending", "FetchStarting");
        await CreateClaimAsync(ns);

        await Eventually.FindAsync("another Job", async () => await ns.JobOfAsync("life") is { } again && (string?)again["metadata"]!["name"] != name ? again : null);
    }

    [Fact]
    public async Task Pods_that_fetch_have_a_NetworkPolicy_that_is_put_back()
    {
        var ns = await cluster.NewNamespaceAsync();
        var (_, job) = await ns.CreateCacheAsync("life", Spec);

        var (policy, _) = await Eventually.FindAsync("the NetworkPolicy", () => PolicyAsync(ns));
        Assert.Equal((string?)job["spec"]!["template"]!["metadata"]!["labels"]!["fleetops.dev/cache"], (string?)policy["spec"]!["podSelector"]!["matchLabels"]!["fleetops.dev/cache"]);
        await ns.Rest.DeleteAsync($"{ns.NetworkPolicies}/{policy["metadata"]!["name"]}");
        await Eventually.FindAsync("the NetworkPolicy is back", () => PolicyAsync(ns));
    }

    private static async Task<JsonNode?> PolicyAsync(PlayedNamespace ns) => (await ns.Rest.GetAsync(ns.NetworkPolicies)).Body["items"]!.AsArray().FirstOrDefault();

    private static async Task<JsonNode> AwaitAsync(PlayedNamespace ns, string phase, string reason) =>
        (await ns.AwaitAsync($"{ns.Caches}/life", c => (string?)c["status"]?["phase"] == phase && (string?)PlayedNamespace.Condition(c, "Ready")?["reason"] == reason, $"{phase} {reason}")).Found;

    private static string Terminated(string phase, int exitCode, string message) =>
        """{"phase":"PHASE","containerStatuses":[{"name":"worker","image":"i","imageID":"","ready":false,"restartCount":0,"state":{"terminated":{"exitCode":CODE,"reason":"Completed","message":"WORDS"}}}]}"""
            .Replace("PHASE", phase, StringComparison.Ordinal)
            .Replace("CODE", exitCode.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("WORDS", message, StringComparison.Ordinal);
}
