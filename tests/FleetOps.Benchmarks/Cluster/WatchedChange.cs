using System.Text.Json;

namespace FleetOps.Benchmarks.Cluster;

/// <summary>A change that a watch told of.</summary>
/// <param name="Type"><c>ADDED</c>, <c>MODIFIED</c> or <c>DELETED</c>.</param>
/// <param name="Namespace">Namespace of the object.</param>
/// <param name="Name">Name of the object.</param>
/// <param name="Entity">The object; valid only while the change is being handled.</param>
/// <param name="At">Timestamp of <see cref="System.Diagnostics.Stopwatch"/> at which its line was whole.</param>
internal readonly record struct WatchedChange(string Type, string Namespace, string Name, JsonElement Entity, long At)
{
    public JsonElement Metadata => Entity.GetProperty("metadata");

    public long Generation => Metadata.TryGetProperty("generation", out var generation) ? generation.GetInt64() : 0;
}
