namespace FleetOps.ControllerRuntime.Apply;

/// <summary>One field that is not as desired.</summary>
/// <param name="Path">Where, such as <c>spec.template.spec.containers[name=worker].image</c>.</param>
/// <param name="Desired">JSON of what is desired; null for nothing.</param>
/// <param name="Observed">JSON of what is there; null for nothing.</param>
internal readonly record struct FieldDifference(string Path, string? Desired, string? Observed);
