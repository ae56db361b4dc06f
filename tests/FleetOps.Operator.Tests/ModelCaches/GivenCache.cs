using System.Globalization;
using System.Text.Json;
using FleetOps.Api;
using FleetOps.Operator.ModelCaches.Observe;
using FleetOps.Operator.ModelCaches.Plan;
using FleetOps.Operator.ModelCaches.Status;
using FleetOps.Operator.ModelDeployments.Observe;
using k8s;
using k8s.Models;

namespace FleetOps.Operator.Tests.ModelCaches;

/// <summary>What the tests of ModelCaches start from.</summary>
internal static class GivenCache
{
    public const string Digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    public static readonly ModelCacheSpec OnClaim = new() { Model = new() { Source = "hf://o/r/f.gguf" }, Target = new() { ClaimName = "weights" } };

    public static ModelCacheSpec OnNodes(string path = "/var/lib/models") => OnClaim with
    {
        Target = new() { Nodes = new() { Selector = new Dictionary<string, string>(StringComparer.Ordinal) { ["pool"] = "gpu" }, Path = path } },
    };

    public static ModelCache Cache(ModelCacheSpec? spec = null, string name = "llama") => new()
    {
        Metadata = new() { Name = name, NamespaceProperty = "chat", Uid = "uid-of-" + name, Generation = 2, ResourceVersion = "10" },
        Spec = spec ?? OnClaim,
    };

    public static CachePlan Plan(CacheObservation observed) => CachePlanner.Plan(observed, Given.Settings with { AllowedHostPaths = ["/var/lib/models"] });

    public static ModelCacheStatus StatusOf(CacheObservation observed) => CacheStatusPlanner.Plan(observed, Plan(observed));

    public static Condition Condition(ModelCacheStatus status, string type) => status.Conditions!.Single(c => c.Type == type);

    /// <summary>The same after the plan has been carried out.</summary>
    public static CacheObservation Carried(CacheObservation observed)
    {
        var plan = Plan(observed);
        return observed with { Jobs = [.. observed.Jobs.Except(plan.Delete), .. plan.Create] };
    }

    /// <summary>The same with the status that was planned for it.</summary>
    public static CacheObservation Told(CacheObservation observed)
    {
        var cache = Cache(observed.Cache.Spec, observed.Cache.Metadata.Name);
        cache.Status = StatusOf(observed);
        return observed with { Cache = cache };
    }

    /// <summary>A Job that Kubernetes calls by a condition, such as Complete.</summary>
    public static V1Job Ended(V1Job job, string condition) => new()
    {
        Metadata = job.Metadata,
        Status = new() { Conditions = [new() { Type = condition, Status = "True", Reason = "BackoffLimitExceeded", Message = "too often" }] },
    };

    /// <summary>A pod of a Job with a status in JSON.</summary>
    public static WorkerObservation Pod(V1Job job, string statusJson, WorkerState? state = null, int number = 1) => new(
        new()
        {
            Metadata = new()
            {
                Name = string.Create(CultureInfo.InvariantCulture, $"{job.Metadata.Name}-{number}"),
                NamespaceProperty = "chat",
                CreationTimestamp = new(2026, 1, 1, 0, number, 0, DateTimeKind.Utc),
                Annotations = new Dictionary<string, string>(StringComparer.Ordinal) { [Labels.CacheName] = "llama", [Labels.CacheJob] = job.Metadata.Name },
            },
            Status = JsonSerializer.Deserialize(statusJson, SourceGenerationContext.Default.V1PodStatus)!,
        },
        state);

    public static WorkerObservation Running(V1Job job, string phase, long fetched = 0, long total = 0, string? reason = null) => Pod(
        job,
        """{"phase":"Running","conditions":[{"type":"Ready","status":"True"}],"containerStatuses":[{"name":"worker","image":"i","imageID":"","ready":true,"restartCount":0,"state":{"running":{}}}]}""",
        new() { Phase = phase, FetchedBytes = fetched, TotalBytes = total, Reason = reason, Message = reason });

    public static WorkerObservation Succeeded(V1Job job) => Pod(
        job,
        """
        {"phase":"Succeeded","containerStatuses":[{"name":"worker","image":"i","imageID":"","ready":false,"restartCount":0,
          "state":{"terminated":{"exitCode":0,"message":"{\"model\":{\"sizeBytes\":4920734176,\"sha256\":\"DIGEST\",\"license\":\"mit\",\"revision\":\"c0ffee\"}}"}}}]}
        """.Replace("DIGEST", Digest, StringComparison.Ordinal));

    public static WorkerObservation Failed(V1Job job, string reason, int number = 1) => Pod(
        job,
        """
        {"phase":"Failed","containerStatuses":[{"name":"worker","image":"i","imageID":"","ready":false,"restartCount":0,
          "state":{"terminated":{"exitCode":65,"reason":"Error","message":"{\"reason\":\"REASON\",\"message\":\"so it is\"}"}}}]}
        """.Replace("REASON", reason, StringComparison.Ordinal),
        number: number);
}
