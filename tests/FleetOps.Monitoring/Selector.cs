using System.Text.RegularExpressions;

namespace FleetOps.Monitoring;

/// <summary>One place where an expression in PromQL reads series.</summary>
/// <param name="Metric">The name of the metric.</param>
/// <param name="Matchers">What stands between the braces; empty where there are none.</param>
public sealed partial record Selector(string Metric, string Matchers)
{
    private static readonly HashSet<string> Keywords = new(StringComparer.Ordinal) { "and", "or", "unless", "bool", "offset" };

    /// <summary>The labels that are matched.</summary>
    public IReadOnlyList<string> Labels => [.. Matcher().Matches(Matchers).Select(static match => match.Groups["label"].Value)];

    /// <summary>All selectors of an expression, in its order.</summary>
    public static IReadOnlyList<Selector> In(string expression) =>
    [
        .. Token().Matches(expression)
            .Where(static token => token.Groups["name"].Success && !token.Groups["call"].Success && !Keywords.Contains(token.Groups["name"].Value))
            .Select(static token => new Selector(token.Groups["name"].Value, token.Groups["matchers"].Value)),
    ];

    /// <inheritdoc/>
    public override string ToString() => Matchers.Length == 0 ? Metric : $"{Metric}{{{Matchers}}}";

    [GeneratedRegex(
        """
        "[^"]*"
        | \[[^\]]*\]
        | \$\w+
        | \b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)
        | (?<![\w.])(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(\s*\{(?<matchers>([^}"]|"[^"]*")*)\}|(?<call>\s*\()|(?<call>\s+(by|without)\s*\([^)]*\)\s*\())?
        """,
        RegexOptions.ExplicitCapture | RegexOptions.IgnorePatternWhitespace, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Token();

    [GeneratedRegex(@"(?<label>\w+)\s*(=~|!~|!=|=)\s*""[^""]*""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Matcher();
}
