using FleetOps.Api;
using FleetOps.ControllerRuntime.Reconciling;
using FleetOps.Operator.ModelDeployments.Plan;
using k8s.Models;

namespace FleetOps.Operator.ModelCaches.Plan;

/// <summary>What may reach the pods of a ModelCache, and what they may reach: as a worker that fetches, so that they can where workers can.</summary>
internal static class FetchNetworkPolicy
{
    private static readonly string[] Both = ["Ingress", "Egress"];

    public static V1NetworkPolicy For(ModelCache cache, WorkerSettings settings)
    {
        return new()
        {
            ApiVersion = "networking.k8s.io/v1",
            Kind = "NetworkPolicy",
            Metadata = new()
            {
                Name = FetchNames.NetworkPolicy(cache),
                NamespaceProperty = cache.Metadata.NamespaceProperty,
                Labels = FetchLabels.Of(cache),
                OwnerReferences = [Owners.ControllerReference(ModelCacheTypes.ModelCaches, cache)],
            },
            Spec = new()
            {
                PodSelector = new() { MatchLabels = new Dictionary<string, string>(StringComparer.Ordinal) { [Labels.Cache] = FetchNames.Label(cache.Metadata.Name) } },
                PolicyTypes = Both,
                Ingress = WorkerNetworkPolicy.Askers,
                Egress = WorkerNetworkPolicy.Egress(cache.Spec.Model, cache.Spec.Pod, settings with { Collector = null }),
            },
        };
    }
}
