using System.Diagnostics.CodeAnalysis;

namespace FleetOps.Api.Schema;

/// <summary>
/// A value validation written in OpenAPI itself (<c>anyOf</c>, <c>not</c>, …) for API servers that know no CEL.
/// All rules of one value are joined under <c>allOf</c>. Values are compared by <c>pattern</c> rather than <c>enum</c>: after a broken enum, newer servers
/// do not go on to the CEL rules, which say it better. Nor do they after a missing field: what must be there is demanded by two <c>not</c>.
/// </summary>
/// <param name="json">The schema fragment as JSON.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Property, AllowMultiple = true, Inherited = false)]
public sealed class SchemaRuleAttribute([StringSyntax(StringSyntaxAttribute.Json)] string json) : Attribute
{
    /// <summary>The schema fragment.</summary>
    public string Json { get; } = json;
}
