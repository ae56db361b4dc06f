using System.Text.RegularExpressions;

namespace FleetOps.Monitoring;

/// <summary>One clause of an expression in PromQL that names labels, such as `by (model)` or `on (pod)`.</summary>
/// <param name="Clause">As it is written.</param>
/// <param name="Labels">The labels that it names.</param>
/// <param name="Selectors">What has to have them: the selectors that are aggregated, or all of the expression where two sides are matched.</param>
public sealed partial record Grouping(string Clause, IReadOnlyList<string> Labels, IReadOnlyList<Selector> Selectors)
{
    /// <summary>All clauses of an expression, in its order.</summary>
    public static IReadOnlyList<Grouping> In(string expression) =>
    [
        .. Found().Matches(expression)
            .Where(static match => match.Groups["clause"].Success)
            .Select(match => new Grouping(
                match.Groups["clause"].Value,
                match.Groups["labels"].Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries),
                Selector.In(match.Groups["aggregates"].Success ? Argument(expression, match.Index + match.Length) : expression))),
    ];

    /// <inheritdoc/>
    public override string ToString() => Clause;

    // What stands in the parentheses after an aggregation's clause.
    private static string Argument(string expression, int start)
    {
        var (depth, quoted) = (0, false);
        for (var end = start; end < expression.Length; end++)
        {
            quoted ^= expression[end] == '"';
            depth += quoted ? 0 : expression[end] switch { '(' => 1, ')' => -1, _ => 0 };
            if (depth == 0)
            {
                return expression[start..end];
            }
        }

        throw new FormatException($"A parenthesis stays open: {expression}");
    }

    [GeneratedRegex("""
        "[^"]*"
        | \b(?<clause>(by|without)\s*\((?<labels>[^)]*)\))(?<aggregates>\s*)(?=\()
        | \b(?<clause>(on|ignoring|group_left|group_right)\s*\((?<labels>[^)]*)\))
        """, RegexOptions.ExplicitCapture | RegexOptions.IgnorePatternWhitespace, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Found();
}
