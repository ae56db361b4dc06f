using System.Globalization;
using System.Text;

namespace FleetOps.LlamaCpp.Sampling.Patterns;

/// <summary>Writes a regular expression as GBNF.</summary>
/// <param name="writeCharacters">Writes a set of characters.</param>
internal sealed class PatternWriter(Action<PatternNode.Characters, StringBuilder> writeCharacters)
{
    private const int MaxGrammarLength = 128 * 1024;

    private readonly Dictionary<PatternNode, PatternNode?> _nonEmpty = new(ReferenceEqualityComparer.Instance);

    /// <summary>Appends what an expression matches.</summary>
    /// <exception cref="LlamaException">It becomes too large (<see cref="LlamaFault.InvalidGrammar"/>).</exception>
    public void Write(PatternNode node, StringBuilder text)
    {
        if (text.Length > MaxGrammarLength)
        {
            throw new LlamaException(LlamaFault.InvalidGrammar, "The regular expression becomes too large a grammar. Nest fewer repetitions of what may be empty.");
        }

        switch (node)
        {
            case PatternNode.Characters characters:
                writeCharacters(characters, text);
                break;
            case PatternNode.Sequence { Parts: var parts }:
                WriteAll(parts, " ", text);
                break;
            case PatternNode.Alternatives { Choices: var choices }:
                text.Append('(');
                WriteAll(choices, " | ", text);
                text.Append(')');
                break;
            case PatternNode.Repetition repetition:
                Write(repetition, text);
                break;
            default:
                throw new InvalidOperationException($"{node} is no part of a pattern.");
        }
    }

    private void WriteAll(IReadOnlyList<PatternNode> nodes, string between, StringBuilder text)
    {
        if (nodes.Count == 0)
        {
            text.Append("\"\"");
        }

        for (var i = 0; i < nodes.Count; i++)
        {
            text.Append(i == 0 ? "" : between);
            Write(nodes[i], text);
        }
    }

    // Repeating what may be empty would be left recursion, so what repeats is everything but the empty text.
    private void Write(PatternNode.Repetition repetition, StringBuilder text)
    {
        var part = repetition.Part.IsNullable ? NonEmpty(repetition.Part) : repetition.Part;
        if (part is null || repetition.Most == 0)
        {
            text.Append("\"\"");
            return;
        }

        text.Append('(');
        Write(part, text);
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
    private PatternNode? NonEmpty(PatternNode node)
    {
        if (!node.IsNullable)
        {
            return node;
        }

        if (!_nonEmpty.TryGetValue(node, out var result))
        {
            result = node switch
            {
                PatternNode.Sequence { Parts: var parts } => OneOf(parts.Select((part, i) =>
                    NonEmpty(part) is { } first ? new PatternNode.Sequence([first, .. parts.Skip(i + 1)]) : null)),
                PatternNode.Alternatives { Choices: var choices } => OneOf(choices.Select(choice => NonEmpty(choice))),
                PatternNode.Repetition { Most: 0 } => null,
                PatternNode.Repetition { Part: var part, Most: var most } =>
                    NonEmpty(part) is { } some ? new PatternNode.Repetition(some, 1, most) : null,
                _ => throw new InvalidOperationException($"{node} is never empty."),
            };
            _nonEmpty[node] = result;
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
}
