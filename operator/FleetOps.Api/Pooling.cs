using System.Text.Json.Serialization;

namespace FleetOps.Api;

/// <summary>How the vectors of a text's tokens become one.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Pooling>))]
public enum Pooling
{
    /// <summary>They do not: one vector for each token.</summary>
    None,

    /// <summary>Their mean.</summary>
    Mean,

    /// <summary>That of the first token.</summary>
    Cls,

    /// <summary>That of the last token.</summary>
    Last,

    /// <summary>A score of how well a document answers a query.</summary>
    Rank,
}
