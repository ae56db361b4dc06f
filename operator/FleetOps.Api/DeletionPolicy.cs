using System.Text.Json.Serialization;

namespace FleetOps.Api;

/// <summary>What becomes of fetched files when their ModelCache is deleted.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<DeletionPolicy>))]
public enum DeletionPolicy
{
    /// <summary>They are removed.</summary>
    Delete,

    /// <summary>They stay.</summary>
    Retain,
}
