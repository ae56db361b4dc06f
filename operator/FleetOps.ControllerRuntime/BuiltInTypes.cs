using k8s;
using k8s.Models;

namespace FleetOps.ControllerRuntime;

/// <summary>The kinds of Kubernetes itself that operators commonly watch or write.</summary>
public static class BuiltInTypes
{
    /// <summary>core/v1 Pod.</summary>
    public static ResourceType<V1Pod> Pods { get; } = new("", "v1", "pods", "Pod", SourceGenerationContext.Default.V1Pod);

    /// <summary>core/v1 Service.</summary>
    public static ResourceType<V1Service> Services { get; } = new("", "v1", "services", "Service", SourceGenerationContext.Default.V1Service);

    /// <summary>core/v1 ServiceAccount.</summary>
    public static ResourceType<V1ServiceAccount> ServiceAccounts { get; } = new("", "v1", "serviceaccounts", "ServiceAccount", SourceGenerationContext.Default.V1ServiceAccount);

    /// <summary>core/v1 Secret.</summary>
    public static ResourceType<V1Secret> Secrets { get; } = new("", "v1", "secrets", "Secret", SourceGenerationContext.Default.V1Secret);

    /// <summary>core/v1 ConfigMap.</summary>
    public static ResourceType<V1ConfigMap> ConfigMaps { get; } = new("", "v1", "configmaps", "ConfigMap", SourceGenerationContext.Default.V1ConfigMap);

    /// <summary>core/v1 PersistentVolumeClaim.</summary>
    public static ResourceType<V1PersistentVolumeClaim> PersistentVolumeClaims { get; } = new("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", SourceGenerationContext.Default.V1PersistentVolumeClaim);

    /// <summary>core/v1 Namespace.</summary>
    public static ResourceType<V1Namespace> Namespaces { get; } = new("", "v1", "namespaces", "Namespace", SourceGenerationContext.Default.V1Namespace) { Namespaced = false };

    /// <summary>core/v1 Node.</summary>
    public static ResourceType<V1Node> Nodes { get; } = new("", "v1", "nodes", "Node", SourceGenerationContext.Default.V1Node) { Namespaced = false };

    /// <summary>apps/v1 Deployment.</summary>
    public static ResourceType<V1Deployment> Deployments { get; } = new("apps", "v1", "deployments", "Deployment", SourceGenerationContext.Default.V1Deployment);

    /// <summary>apps/v1 ReplicaSet.</summary>
    public static ResourceType<V1ReplicaSet> ReplicaSets { get; } = new("apps", "v1", "replicasets", "ReplicaSet", SourceGenerationContext.Default.V1ReplicaSet);

    /// <summary>batch/v1 Job.</summary>
    public static ResourceType<V1Job> Jobs { get; } = new("batch", "v1", "jobs", "Job", SourceGenerationContext.Default.V1Job);

    /// <summary>policy/v1 PodDisruptionBudget; ask <see cref="Apply.KubeApi.ServesAsync"/> first, servers before 1.21 lack it.</summary>
    public static ResourceType<V1PodDisruptionBudget> PodDisruptionBudgets { get; } = new("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", SourceGenerationContext.Default.V1PodDisruptionBudget);

    /// <summary>networking.k8s.io/v1 NetworkPolicy.</summary>
    public static ResourceType<V1NetworkPolicy> NetworkPolicies { get; } = new("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", SourceGenerationContext.Default.V1NetworkPolicy);

    /// <summary>coordination.k8s.io/v1 Lease, with times written as the six-digit MicroTime that the API demands.</summary>
    public static ResourceType<V1Lease> Leases { get; } = new("coordination.k8s.io", "v1", "leases", "Lease", Apply.MicroTimeJsonContext.Default.V1Lease);

    /// <summary>events.k8s.io/v1 Event, with times written as the six-digit MicroTime that the API demands.</summary>
    public static ResourceType<Eventsv1Event> Events { get; } = new("events.k8s.io", "v1", "events", "Event", Apply.MicroTimeJsonContext.Default.Eventsv1Event);
}
