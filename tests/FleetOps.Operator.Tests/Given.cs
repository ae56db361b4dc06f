using System.Text.Json;
using FleetOps.Api;
using FleetOps.ControllerRuntime;
using FleetOps.Operator.ModelDeployments.Observe;
using FleetOps.Operator.ModelDeployments.Plan;
using FleetOps.Operator.ModelDeployments.Status;
using k8s;
using k8s.Models;

namespace FleetOps.Operator.Tests;

/// <summary>What the tests start from.</summary>
internal static class Given
{
    public const string PodName = "demo-abc";

    public static readonly WorkerSettings Settings = new("worker:1", "worker-cuda:1", "IfNotPresent", "IfNotPresent");

    /// <summary>A spec that uses every field that shapes a pod and does not exclude another.</summary>
    public static ModelDeploymentSpec Everything => new()
    {
        Model = new() { Source = "https://example.com:8443/f.gguf", CredentialsSecretRef = new() { Name = "hf" }, License = new() { Id = "llama3.1", Accepted = true } },
        Engine = new() { SplitMode = SplitMode.Row, TensorSplit = "3,1", BatchTokens = 1024, DraftTokens = 4, Pooling = Pooling.Mean, FitCheck = FitCheck.Warn },
        Resources = new() { Gpus = 1, GpuResourceName = "nvidia.com/mig-1g.10gb", GpuProducts = ["NVIDIA-L40S", "NVIDIA-H100-80GB-HBM3"], MinGpuMemory = "22Gi", RuntimeClassName = "nvidia" },
        Replicas = 4,
        Rollout = new() { MaxSurge = "0", MaxUnavailable = "25%", ProgressDeadlineSeconds = 600, DrainTimeoutSeconds = 120 },
        Cache = new() { Type = CacheType.PersistentVolumeClaim, ClaimName = "weights", MaxSize = "200Gi" },
        Placement = new()
        {
            NodeSelector = new Dictionary<string, string>(StringComparer.Ordinal) { ["disk"] = "ssd" },
            Tolerations = [new() { Key = "team", Operator = "Equal", Value = "chat", Effect = "NoExecute", TolerationSeconds = 60 }],
            Affinity = Json("""{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"zone","operator":"In","values":["a"]}]}]}}}"""),
            TopologySpreadConstraints = [new() { TopologyKey = "zone", WhenUnsatisfiable = "DoNotSchedule", MaxSkew = 2 }],
            PriorityClassName = "high",
        },
        Service = new() { Type = ServiceType.LoadBalancer, Port = 443, Annotations = new Dictionary<string, string>(StringComparer.Ordinal) { ["cloud/type"] = "nlb" }, Tls = new() { SecretRef = new() { Name = "chat-tls" }, RequireClientCertificate = true }, TokenSecretRef = new() { Name = "chat-tokens" } },
        Disruption = new() { MinAvailable = "50%" },
        Pod = new()
        {
            Labels = new Dictionary<string, string>(StringComparer.Ordinal) { ["team"] = "chat" },
            Annotations = new Dictionary<string, string>(StringComparer.Ordinal) { ["mesh/inject"] = "false" },
            Env =
            [
                new() { Name = "HTTPS_PROXY", Value = "http://proxy:3128" },
                new() { Name = "A", ValueFrom = new() { SecretKeyRef = new() { Name = "s", Key = "k", Optional = true } } },
                new() { Name = "B", ValueFrom = new() { ConfigMapKeyRef = new() { Name = "c", Key = "k", Optional = false } } },
            ],
            Image = "registry/worker:2",
            ImagePullSecrets = [new() { Name = "registry" }],
            ServiceAccountName = "theirs",
        },
    };

    public static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement.Clone();

    public static ModelDeployment Model(string name = "demo", ModelDeploymentSpec? spec = null) => new()
    {
        Metadata = new() { Name = name, NamespaceProperty = "chat", Uid = "uid-of-" + name, Generation = 2, ResourceVersion = "10" },
        Spec = spec ?? new() { Model = new() { Source = "hf://owner/repository/model.gguf" }, Resources = new() { Gpus = 1 } },
    };

    /// <summary>The children of a plan that are not null.</summary>
    public static IEnumerable<IKubernetesObject<V1ObjectMeta>> Children(ModelDeploymentPlan plan)
    {
        IKubernetesObject<V1ObjectMeta>?[] all = [plan.ServiceAccount, plan.Service, plan.HeadlessService, plan.NetworkPolicy, plan.PodDisruptionBudget, plan.Deployment];
        return all.OfType<IKubernetesObject<V1ObjectMeta>>();
    }

    /// <summary>What is there once the plan has been carried out.</summary>
    public static Observation Carried(ModelDeployment model, params IReadOnlyList<WorkerObservation> workers)
    {
        var plan = Planner.Plan(new() { Model = model }, Settings);
        return new()
        {
            Model = model,
            Deployment = Observed(BuiltInTypes.Deployments, plan.Deployment),
            Service = Observed(BuiltInTypes.Services, plan.Service),
            HeadlessService = Observed(BuiltInTypes.Services, plan.HeadlessService),
            ServiceAccount = Observed(BuiltInTypes.ServiceAccounts, plan.ServiceAccount),
            NetworkPolicy = Observed(BuiltInTypes.NetworkPolicies, plan.NetworkPolicy),
            PodDisruptionBudget = Observed(BuiltInTypes.PodDisruptionBudgets, plan.PodDisruptionBudget),
            Workers = workers,
        };
    }

    private static ObservedObject? Observed<T>(ResourceType<T> type, T? child)
        where T : class, IKubernetesObject<V1ObjectMeta> => child is null ? null : ObservedObject.Of(type, child);

    /// <summary>A pod of the present template with a status in JSON.</summary>
    public static V1Pod Pod(ModelDeployment model, string statusJson, string name = PodName) => new()
    {
        Metadata = new()
        {
            Name = name,
            NamespaceProperty = "chat",
            Uid = "uid-of-" + name,
            CreationTimestamp = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc),
            Annotations = Planner.Plan(new() { Model = model }, Settings).Deployment!.Spec.Template.Metadata.Annotations,
        },
        Spec = new() { NodeName = "node-1", Containers = [] },
        Status = JsonSerializer.Deserialize(statusJson, SourceGenerationContext.Default.V1PodStatus)!,
    };

    public static V1Pod ReadyPod(ModelDeployment model, string name = PodName) =>
        Pod(model, """{"phase":"Running","conditions":[{"type":"Ready","status":"True"}],"containerStatuses":[{"name":"worker","image":"i","imageID":"","ready":true,"restartCount":0,"state":{"running":{}}}]}""", name);

    public static V1Pod RunningPod(ModelDeployment model) =>
        Pod(model, """{"phase":"Running","containerStatuses":[{"name":"worker","image":"i","imageID":"","ready":false,"restartCount":0,"state":{"running":{"startedAt":"2026-01-01T00:01:00Z"}}}]}""");

    public static ModelDeploymentStatus StatusOf(Observation observed) => StatusPlanner.Plan(observed, Planner.Plan(observed, Settings));

    public static Condition Condition(ModelDeploymentStatus status, string type) => status.Conditions!.Single(c => c.Type == type);
}
