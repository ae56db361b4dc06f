using System.Runtime.InteropServices;
using System.Text.Json;

namespace FleetOps.ControllerRuntime.Apply;

/// <summary>Which fields a document states, without their values.</summary>
internal static class FieldPaths
{
    private const ulong Offset = 14695981039346656037;
    private const ulong Prime = 1099511628211;

    /// <summary>
    /// A digest of the set of fields, in no particular order (FNV-1a of each path, added up). Items of lists that the API merges count by
    /// their keys, other lists as one field.
    /// </summary>
    public static ulong Digest(JsonElement document) => Sum(Offset, "", document);

    private static ulong Sum(ulong path, string field, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                var sum = path;
                foreach (var property in value.EnumerateObject())
                {
                    sum = unchecked(sum + Sum(Extend(path, property.Name), property.Name, property.Value));
                }

                return sum;
            case JsonValueKind.Array when ListKeys.Find(field, value) is { } identity:
                var items = path;
                foreach (var item in value.EnumerateArray())
                {
                    items = unchecked(items + Sum(Extend(path, identity(item) ?? ""), "", item));
                }

                return items;
            default:
                return path;
        }
    }

    private static ulong Extend(ulong path, string name)
    {
        // A border between names, so that a.bc and ab.c differ.
        var hash = unchecked((path ^ '/') * Prime);
        foreach (var part in MemoryMarshal.AsBytes(name.AsSpan()))
        {
            hash = unchecked((hash ^ part) * Prime);
        }

        return hash;
    }
}
