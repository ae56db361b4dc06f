using System.Diagnostics.CodeAnalysis;
using FleetOps.ControllerRuntime;

namespace FleetOps.Operator.ModelDeployments.Observe;

/// <summary>One instance for equal records that many stored objects hold, such as specs that are all defaults. Bounded; thread-safe.</summary>
internal static class SharedRecords<T>
    where T : class, IEquatable<T>
{
    private static readonly SharedInstances<T> Known = new(256);

    /// <summary>The instance to keep in place of <paramref name="record"/>, which must not be changed any more.</summary>
    [return: NotNullIfNotNull(nameof(record))]
    public static T? Of(T? record) => Known.Of(record);
}
