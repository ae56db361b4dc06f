namespace FleetOps.Api.Schema;

/// <summary>How people name the kind on the command line.</summary>
/// <param name="shortName">The short name, as in <c>kubectl get fmd</c>.</param>
/// <param name="category">The group of kinds it is listed with, as in <c>kubectl get fleetops</c>.</param>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class ResourceNamesAttribute(string shortName, string category) : Attribute
{
    /// <summary>The short name.</summary>
    public string ShortName { get; } = shortName;

    /// <summary>The group of kinds it is listed with.</summary>
    public string Category { get; } = category;
}
