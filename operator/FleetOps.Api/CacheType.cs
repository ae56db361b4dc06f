using System.Text.Json.Serialization;

namespace FleetOps.Api;

/// <summary>Where a worker keeps the weights that it has fetched.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<CacheType>))]
public enum CacheType
{
    /// <summary>In the pod; gone with it.</summary>
    Ephemeral,

    /// <summary>In a PersistentVolumeClaim.</summary>
    PersistentVolumeClaim,

    /// <summary>In a directory of the node.</summary>
    HostPath,
}
