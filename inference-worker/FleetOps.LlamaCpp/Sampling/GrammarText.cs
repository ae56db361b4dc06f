using System.Globalization;
using System.Text;

namespace FleetOps.LlamaCpp.Sampling;

/// <summary>Spelling of characters in GBNF.</summary>
internal static class GrammarText
{
    /// <summary>Writes a character so that it means itself in a literal and in a class.</summary>
    public static void AppendEscaped(StringBuilder text, int codePoint)
    {
        if (codePoint < 128 && char.IsAsciiLetterOrDigit((char)codePoint))
        {
            text.Append((char)codePoint);
            return;
        }

        var (letter, format) = codePoint switch
        {
            < 0x100 => ('x', "X2"),
            < 0x10000 => ('u', "X4"),
            _ => ('U', "X8"),
        };
        text.Append('\\').Append(letter).Append(codePoint.ToString(format, CultureInfo.InvariantCulture));
    }

    /// <summary>Writes a text as a literal.</summary>
    public static void AppendLiteral(StringBuilder text, string literal)
    {
        text.Append('"');
        foreach (var rune in literal.EnumerateRunes())
        {
            AppendEscaped(text, rune.Value);
        }

        text.Append('"');
    }
}
