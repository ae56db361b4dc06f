using FleetOps.Api;
using FleetOps.ControllerRuntime;
using k8s.Models;

namespace FleetOps.Operator.ModelDeployments;

/// <summary>The kinds of FleetOps itself, and those of Kubernetes of which it reads a part. Reading is most of the work of a start.</summary>
internal static class ModelDeploymentTypes
{
    public static ResourceType<ModelDeployment> ModelDeployments { get; } = new ResourceType<ModelDeployment>(
        ModelDeployment.GroupName, ModelDeployment.VersionName, ModelDeployment.Plural, ModelDeployment.KindName, FleetOpsJson.Default.ModelDeployment)
        .Without(static (_, _) => false);

    /// <summary>Pods, whose specs say nothing but the node.</summary>
    public static ResourceType<V1Pod> WorkerPods { get; } = BuiltInTypes.Pods.Without(static (type, field) =>
        (type == typeof(V1PodSpec) && field != "nodeName")
        || (type == typeof(V1PodStatus) && field is not ("phase" or "reason" or "message" or "podIP" or "conditions" or "containerStatuses" or "initContainerStatuses"))
        || (type == typeof(V1ContainerStatus) && field is "imageID" or "resources" or "allocatedResources" or "volumeMounts")
        || (type == typeof(V1ObjectMeta) && field is "ownerReferences" or "generateName"));

    /// <summary>Nodes, of which only the labels, what can be asked of them and whether they are the ones they were matter.</summary>
    public static ResourceType<V1Node> Nodes { get; } = BuiltInTypes.Nodes.Without(static (type, field) =>
        (type == typeof(V1Node) && field == "spec") || (type == typeof(V1NodeStatus) && field is not ("allocatable" or "nodeInfo"))
        || (type == typeof(V1NodeSystemInfo) && field != "machineID"));

    /// <summary>Claims, of which only who they are and who may mount them matters.</summary>
    public static ResourceType<V1PersistentVolumeClaim> Claims { get; } = BuiltInTypes.PersistentVolumeClaims.Without(static (type, field) =>
        (type == typeof(V1PersistentVolumeClaim) && field == "status") || (type == typeof(V1PersistentVolumeClaimSpec) && field != "accessModes"));

    /// <summary>Secrets without what they hold.</summary>
    public static ResourceType<V1Secret> Secrets { get; } = BuiltInTypes.Secrets.Without(static (type, field) =>
        type == typeof(V1Secret) && field is "data" or "stringData" or "type");
}
