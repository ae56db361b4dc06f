namespace FleetOps.Api.Schema;

/// <summary>A value that may be written as a number or as text, such as a quantity: <c>cpu: 4</c> or <c>cpu: "4"</c>.</summary>
[AttributeUsage(AttributeTargets.Property, Inherited = false)]
public sealed class IntOrStringAttribute : Attribute;
