namespace FleetOps.InferenceWorker.Engine.Adapters;

/// <summary>A loaded adapter.</summary>
/// <param name="Name">The name by which requests choose it.</param>
/// <param name="Path">Its file.</param>
/// <param name="Scale">How strongly it applies; 1 as it was trained.</param>
internal sealed record AdapterDescription(string Name, string Path, float Scale);
