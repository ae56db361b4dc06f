using System.Text.Json.Serialization;

namespace FleetOps.Api;

/// <summary>How a model is spread over several GPUs.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SplitMode>))]
public enum SplitMode
{
    /// <summary>Whole layers on each.</summary>
    Layer,

    /// <summary>A part of each layer on each: needs fast links between the GPUs.</summary>
    Row,

    /// <summary>All on one.</summary>
    None,
}
