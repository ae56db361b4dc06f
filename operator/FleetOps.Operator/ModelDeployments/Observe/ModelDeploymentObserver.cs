using FleetOps.Api;
using FleetOps.ControllerRuntime;
using FleetOps.ControllerRuntime.Informers;
using FleetOps.Operator.ModelDeployments.Plan;
using k8s.Models;

namespace FleetOps.Operator.ModelDeployments.Observe;

/// <summary>Gathers from the stores, without any request, what a plan depends on. Thread-safe.</summary>
internal sealed class ModelDeploymentObserver(
    ChildStores children,
    IStore<V1Pod> pods,
    IStore<V1Secret> secrets,
    IStore<ModelCache> caches,
    IStore<V1PersistentVolumeClaim> claims,
    WorkerStates states,
    NodeGpus gpus)
{
    /// <param name="model">As the store holds it.</param>
    /// <param name="servesPodDisruptionBudgets">Whether the cluster knows policy/v1.</param>
    public Observation Observe(ModelDeployment model, bool servesPodDisruptionBudgets)
    {
        var ns = model.Metadata.NamespaceProperty;
        var names = ChildNames.For(model.Metadata.Name);
        return new()
        {
            Model = model,
            Deployment = children.Deployments.Get(new(ns, names.Deployment)),
            Service = children.Services.Get(new(ns, names.Service)),
            HeadlessService = children.Services.Get(new(ns, names.HeadlessService)),
            ServiceAccount = children.ServiceAccounts.Get(new(ns, names.ServiceAccount)),
            NetworkPolicy = children.NetworkPolicies.Get(new(ns, names.Deployment)),
            PodDisruptionBudget = children.PodDisruptionBudgets.Get(new(ns, names.Deployment)),
            ServesPodDisruptionBudgets = servesPodDisruptionBudgets,
            Workers = [.. pods.ByIndex(StoreIndexes.PodModel, StoreIndexes.Value(ns, model.Metadata.Name)).Select(states.Observe)],
            Caches = model.Spec.Cache.Type is null && caches.Count > 0 ? CachesOf(model) : [],
            Gpus = gpus.Current,
            MissingSecret = SecretUse.Of(model.Spec).Where(secret => secrets.Get(new ObjectKey(ns, secret.Name)) is null).Select(static secret => (SecretUse?)secret).FirstOrDefault(),
        };
    }

    private List<ObservedCache> CachesOf(ModelDeployment model)
    {
        var ns = model.Metadata.NamespaceProperty;
        return
        [
            .. caches.ByIndex(StoreIndexes.Weights, StoreIndexes.Value(ns, WeightsIdentity.Of(model.Spec.Model, model.Spec.Pod)))
                .Select(cache => new ObservedCache(cache, cache.Spec.Target?.ClaimName is { } claim ? claims.Get(new(ns, claim)) : null)),
        ];
    }
}
