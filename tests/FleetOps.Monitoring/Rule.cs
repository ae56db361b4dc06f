using YamlDotNet.Serialization;

namespace FleetOps.Monitoring;

/// <summary>A rule of deploy/prometheus.</summary>
/// <param name="File">The name of its file.</param>
/// <param name="Name">Of the alert, or of the series that is recorded.</param>
/// <param name="IsAlert">Whether it is an alert.</param>
/// <param name="Expression">In PromQL.</param>
/// <param name="Labels">Added to the alert.</param>
/// <param name="Annotations">Of the alert, for people.</param>
public sealed record Rule(string File, string Name, bool IsAlert, string Expression, IReadOnlyDictionary<string, string> Labels, IReadOnlyDictionary<string, string> Annotations)
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<Rule> All { get; } =
        [.. Directory.EnumerateFiles(Checkout.File("deploy", "prometheus", "rules"), "*.yaml").Order(StringComparer.Ordinal).SelectMany(Read)];

    /// <summary>The alerts among them.</summary>
    public static IReadOnlyList<Rule> Alerts { get; } = [.. All.Where(static rule => rule.IsAlert)];

    /// <inheritdoc/>
    public override string ToString() => Name;

    private static IEnumerable<Rule> Read(string file)
    {
        using var reader = System.IO.File.OpenText(file);
        var root = new DeserializerBuilder().Build().Deserialize<Dictionary<string, List<Dictionary<string, object>>>>(reader);
        return
            from @group in root["groups"]
            from Dictionary<object, object> rule in (List<object>)@group["rules"]
            let alert = rule.TryGetValue("alert", out var name) ? (string)name : null
            select new Rule(Path.GetFileName(file), alert ?? (string)rule["record"], alert is not null, (string)rule["expr"], Texts(rule, "labels"), Texts(rule, "annotations"));
    }

    private static Dictionary<string, string> Texts(Dictionary<object, object> rule, string key) =>
        rule.TryGetValue(key, out var texts)
            ? ((Dictionary<object, object>)texts).ToDictionary(static text => (string)text.Key, static text => (string)text.Value, StringComparer.Ordinal)
            : [];
}
