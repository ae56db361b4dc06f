namespace FleetOps.Benchmarks.Reports;

/// <summary>One number that was measured.</summary>
/// <param name="Name">What was measured.</param>
/// <param name="Value">The number.</param>
/// <param name="Unit">Its unit.</param>
/// <param name="Goal">What it must reach, such as <c>&lt;= 1.3</c>; null for a number that only informs.</param>
/// <param name="Met">Whether it does; null without a goal.</param>
internal sealed record Figure(
    [property: System.Text.Json.Serialization.JsonPropertyName("figure")] string Name,
    double Value,
    string Unit,
    string? Goal = null,
    bool? Met = null);
