using System.Text.Json;
using BenchmarkDotNet.Attributes;
using FleetOps.Api;
using FleetOps.ControllerRuntime;
using FleetOps.ControllerRuntime.Apply;
using FleetOps.Operator.ModelDeployments.Observe;
using FleetOps.Operator.ModelDeployments.Plan;
using FleetOps.Operator.ModelDeployments.Status;
using k8s;
using k8s.Models;

namespace FleetOps.Benchmarks.Planning;

/// <summary>The pure functions that run for every reconcile, on a ModelDeployment with a GPU and two ready workers.</summary>
[MemoryDiagnoser]
public class PlannerBenchmarks
{
    private static readonly WorkerSettings Settings = new("fleetops.dev/worker:bench", "fleetops.dev/worker-cuda:bench", null, null);

    private Applier _applier = null!;
    private Observation _observed = null!;
    private ModelDeploymentPlan _plan = null!;

    /// <summary>Prepares what is observed.</summary>
    [GlobalSetup]
    public void Prepare()
    {
        var model = new ModelDeployment
        {
            Metadata = new() { Name = "llama-3-1-8b", NamespaceProperty = "chat", Uid = "8d0a7a6e-3f5b-4a53-9d1b-0a6f4a2f7a11", Generation = 2, ResourceVersion = "10" },
            Spec = new()
            {
                Model = new()
                {
                    Source = "hf://bartowski/Meta-Llama-3.1-8B-Instruct-GGUF/Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf",
                    Revision = "main",
                    CredentialsSecretRef = new() { Name = "hf" },
                },
                Engine = new() { ContextLength = 8192, MaxSequences = 16 },
                Resources = new() { Gpus = 1, Cpu = new("4"), Memory = new("16Gi") },
                Replicas = 2,
            },
        };
        _plan = Planner.Plan(new() { Model = model }, Settings);
        _applier = new Applier(new KubeApi(new Kubernetes(new KubernetesClientConfiguration { Host = "http://127.0.0.1:9" }, new EchoServer())));
        _observed = new()
        {
            Model = model,
            Deployment = Applied(BuiltInTypes.Deployments, _plan.Deployment!),
            Service = Applied(BuiltInTypes.Services, _plan.Service!),
            HeadlessService = Applied(BuiltInTypes.Services, _plan.HeadlessService!),
            ServiceAccount = Applied(BuiltInTypes.ServiceAccounts, _plan.ServiceAccount!),
            Workers = [Worker("llama-3-1-8b-a"), Worker("llama-3-1-8b-b")],
        };
        if (Planner.Plan(_observed, Settings).Deployment is null || Compare().GetAwaiter().GetResult().Written)
        {
            throw new InvalidOperationException("What is observed is not at rest, so another case would be measured.");
        }
    }

    /// <summary>The children as they should be.</summary>
    [Benchmark]
    public object Plan() => Planner.Plan(_observed, Settings);

    /// <summary>The status as it should be.</summary>
    [Benchmark]
    public object PlanStatus() => StatusPlanner.Plan(_observed, _plan);

    /// <summary>That the Deployment is as planned and needs no write.</summary>
    [Benchmark]
    public Task<ApplyResult<ObservedObject>> Compare() => _applier.ApplyAsync(BuiltInTypes.Deployments, _plan.Deployment!, _observed.Deployment, CancellationToken.None);

    private ObservedObject Applied<T>(ResourceType<T> type, T child)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        _applier.ApplyAsync(type, child, (ObservedObject?)null, CancellationToken.None).GetAwaiter().GetResult().Entity;

    private WorkerObservation Worker(string name) => new(
        new V1Pod
        {
            Metadata = new()
            {
                Name = name,
                NamespaceProperty = "chat",
                Uid = "uid-of-" + name,
                CreationTimestamp = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc),
                Annotations = _plan.Deployment!.Spec.Template.Metadata.Annotations,
            },
            Spec = new() { NodeName = "node-1", Containers = [] },
            Status = JsonSerializer.Deserialize(
                """{"phase":"Running","conditions":[{"type":"Ready","status":"True"}],"containerStatuses":[{"name":"worker","image":"i","imageID":"","ready":true,"restartCount":0,"state":{"running":{}}}]}""",
                SourceGenerationContext.Default.V1PodStatus)!,
        },
        new() { Phase = WorkerPhases.Serving, Model = new() { Architecture = "llama", Name = "Meta Llama 3.1 8B Instruct", Parameters = 8_030_261_312, Quantization = "Q4_K_M" } });
}
