using k8s;
using k8s.Models;

namespace FleetOps.Api;

/// <summary>A page of ModelDeployments, as the API server lists them.</summary>
public sealed class ModelDeploymentList : IKubernetesObject<V1ListMeta>, IItems<ModelDeployment>
{
    /// <inheritdoc />
    public string ApiVersion { get; set; } = ModelDeployment.GroupName + "/" + ModelDeployment.VersionName;

    /// <inheritdoc />
    public string Kind { get; set; } = ModelDeployment.KindName + "List";

    /// <inheritdoc />
    public V1ListMeta Metadata { get; set; } = new();

    /// <inheritdoc />
    public IList<ModelDeployment> Items { get; set; } = [];
}
