using FleetOps.Api.Schema;
using k8s;
using k8s.Models;

namespace FleetOps.Api;

/// <summary>
/// Weights that are fetched and verified before anyone asks for them: once onto a claim, or once onto each of some nodes. The operator runs a
/// Job for each place and remembers here what came of it, so that what has been fetched is not fetched again. ModelDeployments with the same source
/// use it (see their spec.cache.type). Deleting it removes the files that nobody uses (spec.deletionPolicy).
/// </summary>
[KubernetesEntity(Group = GroupName, ApiVersion = VersionName, Kind = KindName, PluralName = Plural)]
[ResourceNames("fmc", "fleetops")]
[PrinterColumn("Source", "string", ".spec.model.source", Description = "Where the weights come from")]
[PrinterColumn("Size", "string", ".status.size", Description = "Size of the weights")]
[PrinterColumn("Progress", "string", ".status.progress", Description = "How much of them has arrived, or on how many nodes")]
[PrinterColumn("ETA", "string", ".status.eta", Description = "Time until all has arrived")]
[PrinterColumn("Phase", "string", ".status.phase", Description = "State in one word")]
[PrinterColumn("Age", "date", ".metadata.creationTimestamp", Description = "Time since creation")]
[PrinterColumn("Claim", "string", ".spec.target.claimName", Description = "The claim that they are fetched to", Wide = true)]
[PrinterColumn("Reason", "string", ".status.conditions[?(@.type==\"Ready\")].reason", Description = "Why it is ready or not", Wide = true)]
public sealed class ModelCache : IKubernetesObject<V1ObjectMeta>
{
    /// <summary>The API group.</summary>
    public const string GroupName = ModelDeployment.GroupName;

    /// <summary>The API version.</summary>
    public const string VersionName = ModelDeployment.VersionName;

    /// <summary>The kind.</summary>
    public const string KindName = "ModelCache";

    /// <summary>Finalizer of a ModelCache whose files are removed with it.</summary>
    public const string FilesFinalizer = "fleetops.dev/cached-files";

    /// <summary>The kind's name in paths.</summary>
    public const string Plural = "modelcaches";

    /// <inheritdoc />
    public string ApiVersion { get; set; } = GroupName + "/" + VersionName;

    /// <inheritdoc />
    public string Kind { get; set; } = KindName;

    /// <inheritdoc />
    public V1ObjectMeta Metadata { get; set; } = new();

    /// <summary>What is wanted.</summary>
    /// <remarks>Null only in a body that applies the status alone.</remarks>
    public ModelCacheSpec Spec { get; set; } = null!;

    /// <summary>What was last seen. Written by the operator alone.</summary>
    public ModelCacheStatus? Status { get; set; }
}
