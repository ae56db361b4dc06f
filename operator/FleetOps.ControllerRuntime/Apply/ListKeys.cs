using System.Text.Json;

namespace FleetOps.ControllerRuntime.Apply;

/// <summary>
/// Which lists the API merges item by item, and by what. All others are atomic: they are right only as a whole. The built-in kinds state
/// this in their OpenAPI; here is what operators write of it.
/// </summary>
internal static class ListKeys
{
    private static readonly Dictionary<string, string[][]> Keys = new(StringComparer.Ordinal)
    {
        ["conditions"] = [["type"]],
        ["containers"] = [["name"]],
        ["env"] = [["name"]],
        ["ephemeralContainers"] = [["name"]],
        ["hostAliases"] = [["ip"]],
        ["imagePullSecrets"] = [["name"]],
        ["initContainers"] = [["name"]],
        ["ownerReferences"] = [["uid"]],
        ["ports"] = [["containerPort", "protocol"], ["port", "protocol"]],
        ["secrets"] = [["name"]],
        ["topologySpreadConstraints"] = [["topologyKey", "whenUnsatisfiable"]],
        ["volumeDevices"] = [["devicePath"]],
        ["volumeMounts"] = [["mountPath"]],
        ["volumes"] = [["name"]],
    };

    private static readonly HashSet<string> Sets = new(StringComparer.Ordinal) { "finalizers" };

    /// <summary>A function from an item to its identity in the list of that name; null when the list is atomic.</summary>
    public static Func<JsonElement, string?>? Find(string field, JsonElement desired)
    {
        if (Sets.Contains(field))
        {
            return static item => item.GetRawText();
        }

        if (!Keys.TryGetValue(field, out var candidates))
        {
            return null;
        }

        var keys = Array.Find(candidates, names => desired.EnumerateArray().All(item => Has(item, names[0])));
        return keys is null ? null : item => Identity(item, keys);
    }

    private static bool Has(JsonElement item, string field) => item.ValueKind == JsonValueKind.Object && item.TryGetProperty(field, out _);

    private static string? Identity(JsonElement item, string[] keys)
    {
        if (!Has(item, keys[0]))
        {
            return null;
        }

        // The only key that the API defaults.
        return string.Join(',', keys.Select(key => $"{key}={(item.TryGetProperty(key, out var value) ? value.ToString() : key == "protocol" ? "TCP" : "")}"));
    }
}
