using FleetOps.Api;
using FleetOps.ControllerRuntime;
using FleetOps.ControllerRuntime.Hosting;
using FleetOps.ControllerRuntime.Informers;
using FleetOps.ControllerRuntime.Metrics;
using FleetOps.ControllerRuntime.Reconciling;
using FleetOps.Operator.ModelCaches;
using FleetOps.Operator.ModelDeployments.Act;
using FleetOps.Operator.ModelDeployments.Metrics;
using FleetOps.Operator.ModelDeployments.Observe;
using FleetOps.Operator.ModelDeployments.Plan;
using FleetOps.Operator.ModelDeployments.Status;
using k8s;
using k8s.Models;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace FleetOps.Operator.ModelDeployments;

/// <summary>Puts the controller of ModelDeployments together.</summary>
internal static class ModelDeploymentServices
{
    private const int Workers = 16;

    // After an outage every model may have failed once: ten thousand of them are tried again within two minutes.
    private const int RetriesPerSecond = 100;
    private const int RetryBurst = 1000;

    private static readonly WatchScope WorkerPodScope = new() { LabelSelector = StoreIndexes.WorkerPodSelector };

    /// <param name="runtime">The runtime.</param>
    /// <param name="settings">How workers are made.</param>
    /// <param name="watchesNodes">Whether the operator may read the nodes, to tell which GPUs there are.</param>
    public static ControllerRuntimeBuilder AddModelDeployments(this ControllerRuntimeBuilder runtime, WorkerSettings settings, bool watchesNodes)
    {
        runtime.Services.AddSingleton(settings);
        var states = new WorkerStates(TimeProvider.System);
        runtime.Services.AddSingleton(states);
        runtime.Services.AddSingleton<StatusWriteLimit>();
        runtime.Services.TryAddSingleton<WorkerStatePollerOptions>();
        runtime.Services.AddSingleton<ChildStores>();
        runtime.Services.AddSingleton<ModelDeploymentObserver>();
        runtime.Services.AddSingleton<ChildWriter>();
        runtime.Services.AddSingleton<StatusEvents>();
        runtime.Services.AddHostedService<WorkerStatePoller>();
        var startups = new ModelStartups();
        runtime.Services.AddSingleton(startups);
        runtime.Services.AddSingleton<ModelMetrics>();
        runtime.Services.AddSingleton<IScrapeText>(static provider => provider.GetRequiredService<ModelMetrics>());
        runtime.Services.AddHostedService(static provider => provider.GetRequiredService<ModelMetrics>());
        runtime.ExportGauges<ModelGauges>(ModelGauges.MeterName, ModelGauges.MostSeries);
        var gpus = new NodeGpus();
        runtime.Services.AddSingleton(gpus);
        if (watchesNodes)
        {
            runtime.AddInformer(ModelDeploymentTypes.Nodes, configure: nodes =>
            {
                nodes.TrimWith(Trimming.Trim);
                nodes.Subscribe(gpus.NodeChanged);
            });
        }

        AddPods(runtime, states);
        AddCaches(runtime, startups);
        runtime.AddInformer(ModelDeploymentTypes.Secrets, configure: static secrets => secrets.TrimWith(Trimming.Trim));
        runtime.AddInformer(ModelDeploymentTypes.ModelDeployments, configure: models =>
        {
            models.TrimWith(Trimming.Trim);
            models.Subscribe(startups.ModelChanged);
        });
        return runtime.AddController<ModelDeployment, ModelDeploymentController>(
            ModelDeploymentTypes.ModelDeployments,
            controller => controller
                .WithWorkers(Workers)
                .WithRetryLimit(RetriesPerSecond, RetryBurst)
                .WithIndex(StoreIndexes.Secret, StoreIndexes.SecretsOf)
                .WithIndex(StoreIndexes.ChildName, StoreIndexes.ChildNamesOf)
                .When(Predicates.SpecOrDeletionChanged)
                .Watches(BuiltInTypes.Deployments.AsObserved(), OwnerOrNamesake)
                .Watches(BuiltInTypes.Services.AsObserved(), OwnerOrNamesake)
                .Watches(BuiltInTypes.ServiceAccounts.AsObserved(), OwnerOrNamesake)
                .Watches(BuiltInTypes.NetworkPolicies.AsObserved(), OwnerOrNamesake)
                .Watches(BuiltInTypes.PodDisruptionBudgets.AsObserved(), OwnerOrNamesake, optional: true)
                .Watches(ModelDeploymentTypes.WorkerPods, static pod => WorkerPods.OwnerOf(pod) is { } owner ? [owner] : [], WorkerPodScope)
                .Watches(ModelDeploymentTypes.Secrets, static (secret, models) => Concerned(models, StoreIndexes.Secret, secret.Metadata)));
    }

    // What models read of ModelCaches; their own controller comes with ModelCacheServices.
    private static void AddCaches(ControllerRuntimeBuilder runtime, ModelStartups startups)
    {
        // An installation may be newer than its definitions; models are served all the same.
        runtime.AddInformer(ModelCacheTypes.ModelCaches, options: new InformerOptions { Optional = true }, configure: caches =>
        {
            caches.Subscribe(startups.CacheChanged);
            caches.AddIndex(StoreIndexes.Weights, StoreIndexes.WeightsOf);
        });
        runtime.AddInformer(ModelDeploymentTypes.Claims, configure: static claims => claims.TrimWith(Trimming.Trim));
    }

    private static void AddPods(ControllerRuntimeBuilder runtime, WorkerStates states)
    {
        runtime.AddInformer(ModelDeploymentTypes.WorkerPods, WorkerPodScope, configure: pods =>
        {
            pods.TrimWith(Trimming.Trim);
            pods.Subscribe(states.PodChanged);
            pods.AddIndex(StoreIndexes.PodModel, StoreIndexes.ModelsOf);
        });
        runtime.AddInformer(ModelDeploymentTypes.WorkerPods, ModelCacheTypes.Own, configure: pods =>
        {
            pods.TrimWith(Trimming.Trim);
            pods.Subscribe(states.PodChanged);
            pods.AddIndex(StoreIndexes.PodCache, StoreIndexes.CachesOf);
        });
    }

    // Also an object that is not ours concerns the ModelDeployment whose child it keeps from being made.
    private static IEnumerable<ObjectKey> OwnerOrNamesake(IKubernetesObject<V1ObjectMeta> child, IStore<ModelDeployment> models)
    {
        var owners = Owners.Controller(child, ModelDeployment.GroupName, ModelDeployment.KindName).ToList();
        return owners.Count > 0 ? owners : Concerned(models, StoreIndexes.ChildName, child.Metadata);
    }

    private static IEnumerable<ObjectKey> Concerned(IStore<ModelDeployment> models, string index, V1ObjectMeta other) =>
        models.ByIndex(index, StoreIndexes.Value(other.NamespaceProperty, other.Name)).Select(model => ObjectKey.Of(model));
}
