using System.Globalization;
using System.Text;
using FleetOps.LlamaCpp.Sampling.Patterns;

namespace FleetOps.LlamaCpp.Sampling;

/// <summary>Grammars from regular expressions.</summary>
public static class RegexGrammar
{
    private const int MaxLength = 4096;
    private const int MaxGrammarLength = 128 * 1024;

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
        Write(PatternParser.Parse(pattern), text, new Dictionary<PatternNode, PatternNode?>(ReferenceEqualityComparer.Instance));
        return text.ToString();
    }

    private static void Write(PatternNode node, StringBuilder text, Dictionary<PatternNode, PatternNode?> nonEmpty)
    {
        if (text.Length > MaxGrammarLength)
        {
            throw new LlamaException(LlamaFault.InvalidGrammar, "The regular expression becomes too large a grammar. Nest fewer repetitions of what may be empty.");
        }

        switch (node)
        {
            case PatternNode.Characters characters:
                Write(characters, text);
                break;
            case PatternNode.Sequence { Parts: var parts }:
                WriteAll(parts, " ", text, nonEmpty);
                break;
            case PatternNode.Alternatives { Choices: var choices }:
                text.Append('(');
                WriteAll(choices, " | ", text, nonEmpty);
                text.Append(')');
                break;
            case PatternNode.Repetition repetition:
                Write(repetition, text, nonEmpty);
                break;
            default:
                throw new InvalidOperationException($"{node} is no part of a pattern.");
        }
    }

    private static void WriteAll(IReadOnlyList<PatternNode> nodes, string between, StringBuilder text, Dictionary<PatternNode, PatternNode?> nonEmpty)
    {
        if (nodes.Count == 0)
        {
            text.Append("\"\"");
        }

        for (var i = 0; i < nodes.Count; i++)
        {
            text.Append(i == 0 ? "" : between);
            Write(nodes[i], text, nonEmpty);
        }
    }

    // Repeating what may be empty would be left recursion, so what repeats is everything but the empty text.
    private static void Write(PatternNode.Repetition repetition, StringBuilder text, Dictionary<PatternNode, PatternNode?> nonEmpty)
    {
        var part = repetition.Part.IsNullable ? NonEmpty(repetition.Part, nonEmpty) : repetition.Part;
        if (part is null || repetition.Most == 0)
        {
            text.Append("\"\"");
            return;
        }

        text.Append('(');
        Write(part, text, nonEmpty);
        text.Append(')');
        text.Append((repetition.IsNullable ? 0 : repetition.Least, repetition.Most) switch
        {
            (0, null) => "*",
            (1, null) => "+",
            (0, 1) => "?",
            var (least, most) when least == most => string.Create(CultureInfo.InvariantCulture, $"{{{least}}}"),
            var (least, most) => string.Create(CultureInfo.InvariantCulture, $"{{{least},{most}}}"),
        });
    }

    /// <summary>What stands for the same texts but the empty one; null if there is no other.</summary>
    private static PatternNode? NonEmpty(PatternNode node, Dictionary<PatternNode, PatternNode?> known)
    {
        if (!node.IsNullable)
        {
            return node;
        }

        if (!known.TryGetValue(node, out var result))
        {
            result = node switch
            {
                PatternNode.Sequence { Parts: var parts } => OneOf(parts.Select((part, i) =>
                    NonEmpty(part, known) is { } first ? new PatternNode.Sequence([first, .. parts.Skip(i + 1)]) : null)),
                PatternNode.Alternatives { Choices: var choices } => OneOf(choices.Select(choice => NonEmpty(choice, known))),
                PatternNode.Repetition { Most: 0 } => null,
                PatternNode.Repetition { Part: var part, Most: var most } =>
                    NonEmpty(part, known) is { } some ? new PatternNode.Repetition(some, 1, most) : null,
                _ => throw new InvalidOperationException($"{node} is never empty."),
            };
            known[node] = result;
        }

        return result;
    }

    private static PatternNode? OneOf(IEnumerable<PatternNode?> nodes)
    {
        var choices = nodes.OfType<PatternNode>().ToArray();
        return choices.Length switch
        {
            0 => null,
            1 => choices[0],
            _ => new PatternNode.Alternatives(choices),
        };
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
