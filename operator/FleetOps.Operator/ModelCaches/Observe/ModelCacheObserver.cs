using FleetOps.Api;
using FleetOps.ControllerRuntime;
using FleetOps.ControllerRuntime.Informers;
using FleetOps.Operator.ModelCaches.Plan;
using FleetOps.Operator.ModelDeployments.Observe;
using FleetOps.Operator.ModelDeployments.Plan;
using k8s.Models;

namespace FleetOps.Operator.ModelCaches.Observe;

/// <summary>Gathers from the stores, without any request, what a plan depends on. Thread-safe.</summary>
internal sealed class ModelCacheObserver(
    InformerRegistry informers,
    IStore<V1Job> jobs,
    IStore<V1Secret> secrets,
    IStore<V1PersistentVolumeClaim> claims,
    ChildStores children,
    SelectedNodes nodes,
    CacheUsers users,
    WorkerStates states,
    TimeProvider time)
{
    private readonly IStore<V1Pod> _pods = informers.Get(ModelDeployments.ModelDeploymentTypes.WorkerPods, ModelCacheTypes.Own).Store;

    /// <param name="cache">As the store holds it.</param>
    public CacheObservation Observe(ModelCache cache)
    {
        var ns = cache.Metadata.NamespaceProperty;
        var secret = cache.Spec.Model?.CredentialsSecretRef is { } credentials ? new SecretUse(credentials.Name, "spec.model.credentialsSecretRef") : (SecretUse?)null;
        var selected = cache.Spec.Target?.Nodes is { } target ? nodes.Find(target.Selector) : null;
        var claim = cache.Spec.Target?.ClaimName is { } name ? claims.Get(new(ns, name)) : null;
        return new()
        {
            Cache = cache,
            Jobs = jobs.ByOwner(cache.Metadata.Uid),
            Pods = [.. _pods.ByIndex(StoreIndexes.PodCache, StoreIndexes.Value(ns, cache.Metadata.Name)).Select(states.Observe)],
            Nodes = selected is null ? null : [.. selected.Select(node => node.Metadata.Name)],
            NodeIdentities = (selected ?? []).ToDictionary(node => node.Metadata.Name, SelectedNodes.IdentityOf, StringComparer.Ordinal),
            ClaimIdentity = claim is { Metadata.DeletionTimestamp: null } ? claim.Metadata.Uid : null,
            NetworkPolicy = children.NetworkPolicies.Get(new(ns, FetchNames.NetworkPolicy(cache))),
            Users = cache.Metadata.DeletionTimestamp is null ? [] : users.Of(cache),
            Now = time.GetUtcNow(),
            MissingSecret = secret is { } use && secrets.Get(new ObjectKey(ns, use.Name)) is null ? use : null,
        };
    }
}
