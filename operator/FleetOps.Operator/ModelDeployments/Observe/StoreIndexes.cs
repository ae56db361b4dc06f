using FleetOps.Api;
using FleetOps.Operator.ModelDeployments.Plan;
using k8s.Models;

namespace FleetOps.Operator.ModelDeployments.Observe;

/// <summary>The indexes of the stores, and the values under which objects are found in them.</summary>
internal static class StoreIndexes
{
    /// <summary>Of pods: the ModelDeployment they work for.</summary>
    public const string PodModel = "model";

    /// <summary>Of ModelDeployments: the Secrets they name.</summary>
    public const string Secret = "secret";

    /// <summary>Of ModelDeployments: the names of their children.</summary>
    public const string ChildName = "child-name";

    /// <summary>Pods that FleetOps made, by label.</summary>
    public const string WorkerPodSelector = Labels.Model;

    /// <summary>Of the pods of Jobs: the ModelCache they fetch for.</summary>
    public const string PodCache = "cache";

    /// <summary>Of ModelCaches: the weights that they fetch.</summary>
    public const string Weights = "weights";

    /// <summary>Of ModelCaches: the claims that they fetch to.</summary>
    public const string Claim = "claim";

    /// <summary>Of ModelCaches: those that select nodes, under one value.</summary>
    public const string NodeTarget = "node-target";

    public static string Value(string? ns, string name) => $"{ns}/{name}";

    public static IEnumerable<string> ModelsOf(V1Pod pod) => WorkerPods.OwnerOf(pod) is { } owner ? [Value(owner.Namespace, owner.Name)] : [];

    public static IEnumerable<string> SecretsOf(ModelDeployment model) =>
        model.Spec is { } spec ? SecretUse.Of(spec).Select(secret => Value(model.Metadata.NamespaceProperty, secret.Name)).Distinct(StringComparer.Ordinal) : [];

    public static IEnumerable<string> CachesOf(V1Pod pod) => WorkerPods.CacheOf(pod) is { } cache ? [Value(cache.Namespace, cache.Name)] : [];

    public static IEnumerable<string> SecretsOf(ModelCache cache) =>
        cache.Spec?.Model?.CredentialsSecretRef is { } secret ? [Value(cache.Metadata.NamespaceProperty, secret.Name)] : [];

    public static IEnumerable<string> WeightsOf(ModelCache cache) =>
        cache.Spec?.Model is { } model ? [Value(cache.Metadata.NamespaceProperty, WeightsIdentity.Of(model, cache.Spec.Pod))] : [];

    public static IEnumerable<string> ClaimsOf(ModelCache cache) =>
        cache.Spec?.Target?.ClaimName is { } claim ? [Value(cache.Metadata.NamespaceProperty, claim)] : [];

    public static IEnumerable<string> NodeTargetsOf(ModelCache cache) => cache.Spec?.Target?.Nodes is null ? [] : [NodeTarget];

    public static IEnumerable<string> ChildNamesOf(ModelDeployment model)
    {
        var names = ChildNames.For(model.Metadata.Name);
        return [Value(model.Metadata.NamespaceProperty, names.Service), Value(model.Metadata.NamespaceProperty, names.HeadlessService)];
    }
}
