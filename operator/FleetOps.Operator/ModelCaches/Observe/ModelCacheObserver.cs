using FleetOps.Api;
using FleetOps.ControllerRuntime;
using FleetOps.ControllerRuntime.Informers;
using FleetOps.Operator.ModelDeployments.Observe;
using FleetOps.Operator.ModelDeployments.Plan;
using k8s.Models;

namespace FleetOps.Operator.ModelCaches.Observe;

/// <summary>Gathers from the stores, without any request, what a plan depends on. Thread-safe.</summary>
internal sealed class ModelCacheObserver(InformerRegistry informers, IStore<V1Job> jobs, IStore<V1Secret> secrets, SelectedNodes nodes, WorkerStates states)
{
    private readonly IStore<V1Pod> _pods = informers.Get(ModelDeployments.ModelDeploymentTypes.WorkerPods, ModelCacheTypes.Own).Store;

    /// <param name="cache">As the store holds it.</param>
    public CacheObservation Observe(ModelCache cache)
    {
        var ns = cache.Metadata.NamespaceProperty;
        var secret = cache.Spec.Model?.CredentialsSecretRef is { } credentials ? new SecretUse(credentials.Name, "spec.model.credentialsSecretRef") : (SecretUse?)null;
        return new()
        {
            Cache = cache,
            Jobs = jobs.ByOwner(cache.Metadata.Uid),
            Pods = [.. _pods.ByIndex(StoreIndexes.PodCache, StoreIndexes.Value(ns, cache.Metadata.Name)).Select(states.Observe)],
            Nodes = cache.Spec.Target?.Nodes is { } target ? nodes.Find(target.Selector) : null,
            MissingSecret = secret is { } use && secrets.Get(new ObjectKey(ns, use.Name)) is null ? use : null,
        };
    }
}
