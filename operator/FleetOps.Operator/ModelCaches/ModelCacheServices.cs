using FleetOps.Api;
using FleetOps.ControllerRuntime;
using FleetOps.ControllerRuntime.Hosting;
using FleetOps.ControllerRuntime.Informers;
using FleetOps.ControllerRuntime.Reconciling;
using FleetOps.Operator.ModelCaches.Act;
using FleetOps.Operator.ModelCaches.Observe;
using FleetOps.Operator.ModelCaches.Status;
using FleetOps.Operator.ModelDeployments;
using FleetOps.Operator.ModelDeployments.Observe;
using k8s.Models;

namespace FleetOps.Operator.ModelCaches;

/// <summary>Puts the controller of ModelCaches together. What it shares with that of ModelDeployments is registered there.</summary>
internal static class ModelCacheServices
{
    private const int Workers = 4;

    /// <param name="runtime">The runtime, to which ModelDeployments have been added.</param>
    /// <param name="watchesNodes">Whether the operator may read the nodes.</param>
    public static ControllerRuntimeBuilder AddModelCaches(this ControllerRuntimeBuilder runtime, bool watchesNodes)
    {
        runtime.Services.AddSingleton<ModelCacheObserver>();
        runtime.Services.AddSingleton<CacheUsers>();
        runtime.Services.AddSingleton<JobWriter>();
        runtime.Services.AddSingleton<FinalizerWriter>();
        runtime.Services.AddSingleton<CacheEvents>();
        runtime.Services.AddSingleton(services => new SelectedNodes(watchesNodes ? services.GetRequiredService<IStore<V1Node>>() : null));
        runtime.AddInformer(ModelCacheTypes.ObservedJobs, ModelCacheTypes.Own, configure: static jobs => jobs.TrimWith(Trimming.Trim));
        return runtime.AddController<ModelCache, ModelCacheController>(
            ModelCacheTypes.ModelCaches,
            controller =>
            {
                controller
                    .WithWorkers(Workers)
                    .WithIndex(StoreIndexes.Secret, StoreIndexes.SecretsOf)
                    .WithIndex(StoreIndexes.Claim, StoreIndexes.ClaimsOf)
                    .WithIndex(StoreIndexes.NodeTarget, StoreIndexes.NodeTargetsOf)
                    .When(Predicates.SpecOrDeletionChanged)
                    .Owns(ModelCacheTypes.ObservedJobs, ModelCacheTypes.Own)
                    .Owns(BuiltInTypes.NetworkPolicies.AsObserved())
                    .Watches(ModelDeploymentTypes.Claims, static (claim, caches) => Keys(caches.ByIndex(StoreIndexes.Claim, StoreIndexes.Value(claim.Metadata.NamespaceProperty, claim.Metadata.Name))))
                    .Watches(ModelDeploymentTypes.WorkerPods, static pod => WorkerPods.CacheOf(pod) is { } owner ? [owner] : [], ModelCacheTypes.Own)
                    .Watches(ModelDeploymentTypes.Secrets, static (secret, caches) => Keys(caches.ByIndex(StoreIndexes.Secret, StoreIndexes.Value(secret.Metadata.NamespaceProperty, secret.Metadata.Name))));
                if (watchesNodes)
                {
                    controller.Watches(ModelDeploymentTypes.Nodes, static (_, caches) => Keys(caches.ByIndex(StoreIndexes.NodeTarget, StoreIndexes.NodeTarget)));
                }
            });
    }

    private static IEnumerable<ObjectKey> Keys(IReadOnlyList<ModelCache> caches) => caches.Select(cache => ObjectKey.Of(cache));
}
