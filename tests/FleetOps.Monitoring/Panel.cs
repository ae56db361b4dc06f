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

    /// <summary>How many steps its thresholds have.</summary>
    public int ThresholdSteps => Defaults.TryGetProperty("thresholds", out var thresholds) ? thresholds.GetProperty("steps").GetArrayLength() : 0;

    /// <summary>Its queries in PromQL, with Grafana's variables in them.</summary>
    public IReadOnlyList<string> Queries => [.. Json.GetProperty("targets").EnumerateArray().Select(static target => Text(target, "expr"))];

    private JsonElement Defaults => Json.GetProperty("fieldConfig").GetProperty("defaults");

    /// <inheritdoc/>
    public override string ToString() => $"{Dashboard} / {Title}";

    private static string Text(JsonElement element, string name) => element.TryGetProperty(name, out var value) ? value.GetString() ?? "" : "";
}
