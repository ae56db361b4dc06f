namespace FleetOps.Api.Schema;

/// <summary>A rule in the Common Expression Language that the API server checks on each write (Kubernetes 1.25 and later).</summary>
/// <param name="rule">The expression; <c>self</c> is the value that carries the attribute. It must be true.</param>
/// <param name="message">What the API server answers when it is false: the field by its full path, and the cure.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Property, AllowMultiple = true, Inherited = false)]
public sealed class CelRuleAttribute(string rule, string message) : Attribute
{
    /// <summary>The expression.</summary>
    public string Rule { get; } = rule;

    /// <summary>The answer to a write that breaks the rule.</summary>
    public string Message { get; } = message;
}
