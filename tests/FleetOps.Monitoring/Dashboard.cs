using System.Text.Json;
using System.Text.RegularExpressions;

namespace FleetOps.Monitoring;

/// <summary>A dashboard of deploy/grafana.</summary>
/// <param name="Name">The name of its file, without the ending.</param>
/// <param name="Json">The dashboard as Grafana reads it.</param>
public sealed partial record Dashboard(string Name, JsonElement Json)
{
    /// <summary>All of them, by name.</summary>
    public static IReadOnlyList<Dashboard> All { get; } =
    [
        .. Directory.EnumerateFiles(Checkout.File("deploy", "grafana", "dashboards"), "*.json")
            .Order(StringComparer.Ordinal)
            .Select(static file => new Dashboard(Path.GetFileNameWithoutExtension(file), JsonElement.Parse(File.ReadAllText(file)))),
    ];

    /// <summary>Its panels, without the rows that only divide them.</summary>
    public IReadOnlyList<Panel> Panels =>
        [.. Json.GetProperty("panels").EnumerateArray().Where(static panel => panel.GetProperty("type").GetString() != "row").Select(panel => new Panel(Name, panel))];

    /// <summary>The names of its variables.</summary>
    public IReadOnlyList<string> Variables =>
        [.. Json.GetProperty("templating").GetProperty("list").EnumerateArray().Select(static variable => variable.GetProperty("name").GetString()!)];

    /// <summary>Puts values in the place of Grafana's variables.</summary>
    /// <param name="query">A query in PromQL.</param>
    /// <param name="values">The values by the names of the variables, without the dollar sign.</param>
    /// <exception cref="KeyNotFoundException">The query has a variable without a value.</exception>
    public static string Fill(string query, IReadOnlyDictionary<string, string> values) =>
        Variable().Replace(query, match => values.TryGetValue(match.Groups["name"].Value, out var value)
            ? value
            : throw new KeyNotFoundException($"The variable {match.Value} has no value in: {query}"));

    /// <inheritdoc/>
    public override string ToString() => Name;

    // A number after the dollar sign is a group of label_replace.
    [GeneratedRegex(@"\$(?<name>[a-zA-Z_]\w*)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Variable();
}
