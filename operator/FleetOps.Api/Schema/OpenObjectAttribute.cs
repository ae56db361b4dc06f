namespace FleetOps.Api.Schema;

/// <summary>An object of Kubernetes' own form, which the schema takes as it is; the operator checks it when it acts on it.</summary>
[AttributeUsage(AttributeTargets.Property, Inherited = false)]
public sealed class OpenObjectAttribute : Attribute;
