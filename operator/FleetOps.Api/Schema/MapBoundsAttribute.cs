using System.Diagnostics.CodeAnalysis;

namespace FleetOps.Api.Schema;

/// <summary>How large a map from text to text may be. Keys cannot be bounded by a schema.</summary>
/// <param name="maxProperties">How many entries the map may hold.</param>
/// <param name="maxValueLength">How long a value may be.</param>
[AttributeUsage(AttributeTargets.Property, Inherited = false)]
public sealed class MapBoundsAttribute(int maxProperties, int maxValueLength) : Attribute
{
    /// <summary>How many entries the map may hold.</summary>
    public int MaxProperties { get; } = maxProperties;

    /// <summary>How long a value may be.</summary>
    public int MaxValueLength { get; } = maxValueLength;

    /// <summary>The pattern of a value; null where any will do.</summary>
    [StringSyntax(StringSyntaxAttribute.Regex)]
    public string? ValuePattern { get; init; }
}
