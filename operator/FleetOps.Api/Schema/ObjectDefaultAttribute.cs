namespace FleetOps.Api.Schema;

/// <summary>An object that the API server adds, made of the defaults of its fields, when it is left out. An empty one would not do: rules are checked against it.</summary>
[AttributeUsage(AttributeTargets.Property, Inherited = false)]
public sealed class ObjectDefaultAttribute : Attribute;
