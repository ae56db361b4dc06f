using System.Diagnostics.CodeAnalysis;

namespace FleetOps.ControllerRuntime;

/// <summary>
/// One instance for equal values that many stored objects hold. Bounded: a value that meets another one in its place replaces it. Thread-safe.
/// </summary>
/// <param name="places">How many values are remembered at most; 1 or more.</param>
public sealed class SharedInstances<T>(int places)
    where T : class, IEquatable<T>
{
    private readonly T?[] _known = new T?[places];

    /// <summary>The instance to keep in place of <paramref name="value"/>, which must not be changed any more.</summary>
    [return: NotNullIfNotNull(nameof(value))]
    public T? Of(T? value)
    {
        if (value is null)
        {
            return null;
        }

        ref var place = ref _known[(uint)value.GetHashCode() % (uint)_known.Length];
        // A lost race costs a second instance of one value, no more.
        if (Volatile.Read(ref place) is { } known && known.Equals(value))
        {
            return known;
        }

        Volatile.Write(ref place, value);
        return value;
    }
}
