using FleetOps.ControllerRuntime;
using FleetOps.ControllerRuntime.Informers;

namespace FleetOps.Operator.ModelDeployments.Observe;

/// <summary>The stores of the kinds of which children are made.</summary>
internal sealed class ChildStores(
    [FromKeyedServices("deployments.apps")] IStore<ObservedObject> deployments,
    [FromKeyedServices("services")] IStore<ObservedObject> services,
    [FromKeyedServices("serviceaccounts")] IStore<ObservedObject> serviceAccounts,
    [FromKeyedServices("networkpolicies.networking.k8s.io")] IStore<ObservedObject> networkPolicies,
    [FromKeyedServices("poddisruptionbudgets.policy")] IStore<ObservedObject> podDisruptionBudgets)
{
    public IStore<ObservedObject> Deployments => deployments;

    public IStore<ObservedObject> Services => services;

    public IStore<ObservedObject> ServiceAccounts => serviceAccounts;

    public IStore<ObservedObject> NetworkPolicies => networkPolicies;

    public IStore<ObservedObject> PodDisruptionBudgets => podDisruptionBudgets;
}
