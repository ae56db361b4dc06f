using System.Globalization;
using System.Text;

namespace FleetOps.ModelStore.Gguf;

/// <summary>
/// A metadata value. Scalars and short arrays are held; long arrays (a vocabulary has 100,000s of entries) and very long strings are checked and
/// counted only. Immutable.
/// </summary>
public sealed class GgufValue
{
    private const int ShownElements = 8;
    private readonly object? _held;

    private GgufValue(GgufValueType type, GgufValueType? elementType, long count, object? held) =>
        (Type, ElementType, Count, _held) = (type, elementType, count, held);

    /// <summary>Type of the value.</summary>
    public GgufValueType Type { get; }

    /// <summary>Type of the elements; null unless the value is an array.</summary>
    public GgufValueType? ElementType { get; }

    /// <summary>Number of elements of an array, number of bytes of a string, else 1.</summary>
    public long Count { get; }

    /// <summary>The elements of an array; null when the value is none or the array is too long to be held.</summary>
    public IReadOnlyList<GgufValue>? Elements => _held as GgufValue[];

    /// <summary>The string; null when the value is none or the string is too long to be held.</summary>
    public string? Text => _held as string;

    /// <summary>The flag; null when the value is none.</summary>
    public bool? Flag => _held as bool?;

    /// <summary>The number when the value is an integer of any width that is not negative; else null.</summary>
    public ulong? NonNegative => _held switch
    {
        ulong number => number,
        long number and >= 0 => (ulong)number,
        _ => null,
    };

    /// <summary>The number when the value is a number of any kind; else null.</summary>
    public double? Number => _held switch
    {
        ulong number => number,
        long number => number,
        double number => number,
        _ => null,
    };

    /// <summary>The value for people; long arrays and strings are cut.</summary>
    public override string ToString() => _held switch
    {
        string text => text,
        bool flag => flag ? "true" : "false",
        GgufValue[] elements => Show(elements),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => Type == GgufValueType.Array ? $"[{Count} × {ElementType}]" : $"({Count} bytes)",
    };

    internal static GgufValue OfUnsigned(GgufValueType type, ulong number) => new(type, null, 1, number);

    internal static GgufValue OfSigned(GgufValueType type, long number) => new(type, null, 1, number);

    internal static GgufValue OfReal(GgufValueType type, double number) => new(type, null, 1, number);

    internal static GgufValue OfFlag(bool flag) => new(GgufValueType.Bool, null, 1, flag);

    internal static GgufValue OfText(string? text, long bytes) => new(GgufValueType.String, null, bytes, text);

    internal static GgufValue OfArray(GgufValueType elementType, long count, GgufValue[]? elements) =>
        new(GgufValueType.Array, elementType, count, elements);

    private string Show(GgufValue[] elements)
    {
        var text = new StringBuilder("[").AppendJoin(", ", elements.Take(ShownElements).Select(element => element.ToString()));
        return elements.Length > ShownElements
            ? text.Append(CultureInfo.InvariantCulture, $", …] ({Count} × {ElementType})").ToString()
            : text.Append(']').ToString();
    }
}
