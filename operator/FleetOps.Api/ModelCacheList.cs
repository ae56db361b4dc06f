using k8s;
using k8s.Models;

namespace FleetOps.Api;

/// <summary>A page of ModelCaches, as the API server lists them.</summary>
public sealed class ModelCacheList : IKubernetesObject<V1ListMeta>, IItems<ModelCache>
{
    /// <inheritdoc />
    public string ApiVersion { get; set; } = ModelCache.GroupName + "/" + ModelCache.VersionName;

    /// <inheritdoc />
    public string Kind { get; set; } = ModelCache.KindName + "List";

    /// <inheritdoc />
    public V1ListMeta Metadata { get; set; } = new();

    /// <inheritdoc />
    public IList<ModelCache> Items { get; set; } = [];
}
