using System.Text;
using FleetOps.LlamaCpp.Sampling.Patterns;

namespace FleetOps.LlamaCpp.Sampling;

/// <summary>Grammars from regular expressions.</summary>
public static class RegexGrammar
{
    private const int MaxLength = 4096;

    /// <summary>The GBNF grammar of the texts that a regular expression matches as a whole. May be called from any thread.</summary>
    /// <param name="pattern">
    /// Literals, classes, groups, alternatives and repetitions, in the spelling that most dialects share. <c>\d</c>, <c>\w</c> and <c>\s</c> are
    /// ASCII, and <c>.</c> is any character but a line break.
    /// </param>
    /// <exception cref="LlamaException">The pattern is wrong, too large, or describes no regular language (<see cref="LlamaFault.InvalidGrammar"/>).</exception>
    public static string FromPattern(string pattern)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        if (pattern.Length > MaxLength)
        {
            throw new LlamaException(LlamaFault.InvalidGrammar, $"The regular expression has {pattern.Length} characters; at most {MaxLength} are taken.");
        }

        var text = new StringBuilder("root ::= ");
        new PatternWriter(Write).Write(PatternParser.Parse(pattern), text);
        return text.ToString();
    }

    private static void Write(PatternNode.Characters characters, StringBuilder text)
    {
        if (characters is { Negated: false, Ranges: [var (first, last)] } && first == last)
        {
            text.Append('"');
            GrammarText.AppendEscaped(text, first);
            text.Append('"');
            return;
        }

        text.Append(characters.Negated ? "[^" : "[");
        foreach (var (from, to) in characters.Ranges)
        {
            GrammarText.AppendEscaped(text, from);
            if (to != from)
            {
                text.Append('-');
                GrammarText.AppendEscaped(text, to);
            }
        }

        text.Append(']');
    }
}
