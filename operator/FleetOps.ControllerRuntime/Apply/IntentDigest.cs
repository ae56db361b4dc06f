using System.Globalization;
using System.Runtime.InteropServices;

namespace FleetOps.ControllerRuntime.Apply;

/// <summary>Stands for an intent.</summary>
/// <param name="Content">Of the whole document.</param>
/// <param name="Fields">Of the fields that it states, whatever their values: when two intents differ in it, one may state a field that the other does not.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct IntentDigest(UInt128 Content, ulong Fields)
{
    private const int ContentDigits = 32;
    private const int FieldsDigits = 16;

    /// <summary>As it is written into an annotation: hexadecimal digits, with a hyphen between the two.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Content:x32}-{Fields:x16}");

    /// <summary>Reads what <see cref="ToString"/> wrote; null for anything else.</summary>
    public static IntentDigest? Parse(string? text) =>
        text?.Length == ContentDigits + 1 + FieldsDigits
        && text[ContentDigits] == '-'
        && UInt128.TryParse(text.AsSpan(0, ContentDigits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var content)
        && ulong.TryParse(text.AsSpan(ContentDigits + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var fields)
            ? new IntentDigest(content, fields)
            : null;
}
