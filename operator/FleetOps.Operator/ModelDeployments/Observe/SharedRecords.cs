using System.Diagnostics.CodeAnalysis;

namespace FleetOps.Operator.ModelDeployments.Observe;

/// <summary>One instance for equal records that many stored objects hold, such as specs that are all defaults. Bounded; thread-safe.</summary>
internal static class SharedRecords<T>
    where T : class, IEquatable<T>
{
    private const int Places = 256;
    private static readonly T?[] Known = new T?[Places];

    /// <summary>The instance to keep in place of <paramref name="record"/>, which must not be changed any more.</summary>
    [return: NotNullIfNotNull(nameof(record))]
    public static T? Of(T? record)
    {
        if (record is null)
        {
            return null;
        }

        ref var place = ref Known[(uint)record.GetHashCode() % Places];
        // A lost race costs a second instance of one record, no more.
        if (Volatile.Read(ref place) is { } known && known.Equals(record))
        {
            return known;
        }

        Volatile.Write(ref place, record);
        return record;
    }
}
