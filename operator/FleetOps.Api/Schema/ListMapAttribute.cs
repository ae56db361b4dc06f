namespace FleetOps.Api.Schema;

/// <summary>A list whose items are told apart by key fields, so that several writers can own different items.</summary>
/// <param name="keys">The wire names of the key fields.</param>
[AttributeUsage(AttributeTargets.Property, Inherited = false)]
public sealed class ListMapAttribute(params string[] keys) : Attribute
{
    /// <summary>The wire names of the key fields.</summary>
    public IReadOnlyList<string> Keys { get; } = keys;

    /// <summary>How many items the list may hold.</summary>
    public required int MaxItems { get; init; }
}
