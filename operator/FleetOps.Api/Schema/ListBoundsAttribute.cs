using System.Diagnostics.CodeAnalysis;

namespace FleetOps.Api.Schema;

/// <summary>How long a list may be that is replaced as a whole, and what its items may be where they are strings.</summary>
/// <param name="maxItems">How many items the list may hold.</param>
[AttributeUsage(AttributeTargets.Property, Inherited = false)]
public sealed class ListBoundsAttribute(int maxItems) : Attribute
{
    /// <summary>How many items the list may hold.</summary>
    public int MaxItems { get; } = maxItems;

    /// <summary>How long an item may be; 0 where items are no strings.</summary>
    public int MaxItemLength { get; init; }

    /// <summary>The pattern of an item; null where items are no strings, or any will do.</summary>
    [StringSyntax(StringSyntaxAttribute.Regex)]
    public string? ItemPattern { get; init; }
}
