namespace FleetOps.Api.Schema;

/// <summary>A column of <c>kubectl get</c>.</summary>
/// <param name="name">The heading.</param>
/// <param name="type">The OpenAPI type: <c>string</c>, <c>integer</c> or <c>date</c>.</param>
/// <param name="jsonPath">Where the value lies in the object.</param>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true, Inherited = false)]
public sealed class PrinterColumnAttribute(string name, string type, string jsonPath) : Attribute
{
    /// <summary>The heading.</summary>
    public string Name { get; } = name;

    /// <summary>The OpenAPI type of the value.</summary>
    public string Type { get; } = type;

    /// <summary>Where the value lies in the object.</summary>
    public string JsonPath { get; } = jsonPath;

    /// <summary>What the column tells.</summary>
    public required string Description { get; init; }

    /// <summary>Whether the column is shown by <c>-o wide</c> only.</summary>
    public bool Wide { get; init; }
}
