using System.Text.Json;

namespace FleetOps.Monitoring;

/// <summary>A panel that shows data.</summary>
/// <param name="Dashboard">The name of its dashboard's file, without the ending.</param>
/// <param name="Json">The panel as Grafana reads it.</param>
public sealed record Panel(string Dashboard, JsonElement Json)
{
    /// <summary>Its number, unique within the dashboard.</summary>
    public int Id => Json.GetProperty("id").GetInt32();

    /// <summary>Its title; empty where there is none.</summary>
    public string Title => Text(Json, "title");

    /// <summary>What a person reads who wonders what it shows; empty where there is none.</summary>
    public string Description => Text(Json, "description");

    /// <summary>The unit of its values; empty where there is none.</summary>
    public string Unit => Text(Defaults, "unit");

    /// <summary>Whether a value, of any of its fields, is shown as good or bad: by thresholds of more than the first step, or by a colour of its own.</summary>
    public bool Judges =>
        IsBound(Defaults)
        || Json.GetProperty("fieldConfig").GetProperty("overrides").EnumerateArray()
            .SelectMany(static one => one.GetProperty("properties").EnumerateArray())
            .Any(static property => property.GetProperty("id").GetString() switch
            {
                "thresholds" => HasSteps(property.GetProperty("value")),
                "color" => property.GetProperty("value").GetProperty("fixedColor").GetString() == "red",
                _ => false,
            });

    /// <summary>Its queries in PromQL, with Grafana's variables in them.</summary>
    public IReadOnlyList<string> Queries => [.. Json.GetProperty("targets").EnumerateArray().Select(static target => Text(target, "expr"))];

    private JsonElement Defaults => Json.GetProperty("fieldConfig").GetProperty("defaults");

    /// <inheritdoc/>
    public override string ToString() => $"{Dashboard} / {Title}";

    private static bool IsBound(JsonElement field) => field.TryGetProperty("thresholds", out var thresholds) && HasSteps(thresholds);

    private static bool HasSteps(JsonElement thresholds) => thresholds.GetProperty("steps").GetArrayLength() > 1;

    private static string Text(JsonElement element, string name) => element.TryGetProperty(name, out var value) ? value.GetString() ?? "" : "";
}
