namespace FleetOps.Api.Schema;

/// <summary>An object that the API server adds when it is left out, so that the defaults within it are filled in and shown.</summary>
[AttributeUsage(AttributeTargets.Property, Inherited = false)]
public sealed class EmptyObjectDefaultAttribute : Attribute;
