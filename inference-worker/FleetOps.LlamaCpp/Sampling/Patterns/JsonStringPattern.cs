using System.Text;

namespace FleetOps.LlamaCpp.Sampling.Patterns;

/// <summary>Grammars of JSON strings whose values match a pattern.</summary>
internal static class JsonStringPattern
{
    private static readonly (int Character, char Letter)[] Escapes = [('"', '"'), ('\\', '\\'), ('\b', 'b'), ('\f', 'f'), ('\n', 'n'), ('\r', 'r'), ('\t', 't')];

    /// <summary>The GBNF of the strings, with their quotes, as one group.</summary>
    /// <param name="pattern">The pattern, which may match anywhere in the value, as JSON schemas mean it.</param>
    /// <exception cref="LlamaException">The pattern cannot be expressed (<see cref="LlamaFault.InvalidGrammar"/>).</exception>
    public static string ToGrammar(string pattern)
    {
        var text = new StringBuilder("(\"\\\"\" ");
        new PatternWriter(Write).Write(PatternParser.Parse(pattern, searches: true), text);
        return text.Append(" \"\\\"\")").ToString();
    }

    // Quotes, backslashes and control characters cannot stand for themselves in JSON.
    private static void Write(PatternNode.Characters characters, StringBuilder text)
    {
        text.Append("([");
        if (characters.Negated)
        {
            text.Append("^\\x22\\x5C\\x00-\\x1F");
        }

        foreach (var (first, last) in characters.Ranges)
        {
            foreach (var (from, to) in characters.Negated ? [(first, last)] : WithoutSpecial(first, last))
            {
                GrammarText.AppendEscaped(text, from);
                text.Append('-');
                GrammarText.AppendEscaped(text, to);
            }
        }

        var isEmpty = text[^1] == '[';
        text.Append(isEmpty ? "" : "]");
        if (isEmpty)
        {
            text.Length--;
        }

        var separator = isEmpty ? "" : " | ";
        foreach (var (character, letter) in Escapes)
        {
            if (characters.Ranges.Any(range => character >= range.First && character <= range.Last) != characters.Negated)
            {
                text.Append(separator).Append("\"\\x5C");
                GrammarText.AppendEscaped(text, letter);
                text.Append('"');
                separator = " | ";
            }
        }

        if (separator.Length == 0)
        {
            throw new LlamaException(LlamaFault.InvalidGrammar, "The regular expression asks for control characters only, which a JSON string cannot hold so.");
        }

        text.Append(')');
    }

    private static IEnumerable<(int First, int Last)> WithoutSpecial(int first, int last)
    {
        foreach (var (from, to) in new[] { (0x20, '"' - 1), ('"' + 1, '\\' - 1), ('\\' + 1, 0x10FFFF) })
        {
            if (Math.Max(first, from) <= Math.Min(last, to))
            {
                yield return (Math.Max(first, from), Math.Min(last, to));
            }
        }
    }
}
