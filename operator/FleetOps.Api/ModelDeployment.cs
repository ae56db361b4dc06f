using FleetOps.Api.Schema;
using k8s;
using k8s.Models;

namespace FleetOps.Api;

/// <summary>
/// A language model that is served over gRPC by a set of equal workers. The operator turns it into a Deployment, two Services and a
/// ServiceAccount, keeps them as described, and reports here what became of it.
/// </summary>
[KubernetesEntity(Group = GroupName, ApiVersion = VersionName, Kind = KindName, PluralName = Plural)]
[ResourceNames("fmd", "fleetops")]
[ScaleSubresource(".spec.replicas", ".status.replicas", ".status.selector")]
[PrinterColumn("Model", "string", ".status.model.summary", Description = "Architecture and number of parameters of the served model")]
[PrinterColumn("Quant", "string", ".status.model.quantization", Description = "Number format of the weights")]
[PrinterColumn("GPUs", "integer", ".spec.resources.gpus", Description = "GPUs for each worker")]
[PrinterColumn("Ready", "string", ".status.ready", Description = "Workers that serve, of those that are wanted")]
[PrinterColumn("Phase", "string", ".status.phase", Description = "State in one word")]
[PrinterColumn("Age", "date", ".metadata.creationTimestamp", Description = "Time since creation")]
[PrinterColumn("Progress", "string", ".status.progress", Description = "How much of the weights has arrived, while workers fetch them", Wide = true)]
[PrinterColumn("Cache", "string", ".status.cache.name", Description = "The ModelCache that the weights come from", Wide = true)]
[PrinterColumn("Source", "string", ".spec.model.source", Description = "Where the weights come from", Wide = true)]
[PrinterColumn("Endpoint", "string", ".status.endpoint", Description = "Where clients in the cluster reach the model", Wide = true)]
[PrinterColumn("Reason", "string", ".status.conditions[?(@.type==\"Ready\")].reason", Description = "Why it is ready or not", Wide = true)]
public sealed class ModelDeployment : IKubernetesObject<V1ObjectMeta>
{
    /// <summary>The API group.</summary>
    public const string GroupName = "fleetops.dev";

    /// <summary>The API version.</summary>
    public const string VersionName = "v1alpha1";

    /// <summary>The kind.</summary>
    public const string KindName = "ModelDeployment";

    /// <summary>The kind's name in paths.</summary>
    public const string Plural = "modeldeployments";

    /// <inheritdoc />
    public string ApiVersion { get; set; } = GroupName + "/" + VersionName;

    /// <inheritdoc />
    public string Kind { get; set; } = KindName;

    /// <inheritdoc />
    public V1ObjectMeta Metadata { get; set; } = new();

    /// <summary>What is wanted.</summary>
    /// <remarks>Null only in a body that applies the status alone.</remarks>
    public ModelDeploymentSpec Spec { get; set; } = null!;

    /// <summary>What was last seen. Written by the operator alone.</summary>
    public ModelDeploymentStatus? Status { get; set; }
}
