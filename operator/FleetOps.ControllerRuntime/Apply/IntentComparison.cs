using System.Text.Json;
using System.Text.Json.Nodes;

namespace FleetOps.ControllerRuntime.Apply;

/// <summary>
/// Finds where an observed object is not as an intent states. Both must have gone through the same JSON contract, which gives quantities
/// and times one spelling. Null and an empty list count as nothing.
/// </summary>
internal static class IntentComparison
{
    /// <summary>Every stated field that is absent or different. Fields that are not stated are the server's or someone else's.</summary>
    public static List<FieldDifference> Missing(JsonNode? desired, JsonNode? observed)
    {
        var differences = new List<FieldDifference>();
        Compare("", "", desired, observed, exact: false, differences);
        return differences;
    }

    /// <summary>As <see cref="Missing"/>, and also every field that is there without being stated; for what one program owns whole.</summary>
    public static List<FieldDifference> Any(JsonNode? desired, JsonNode? observed)
    {
        var differences = new List<FieldDifference>();
        Compare("", "", desired, observed, exact: true, differences);
        return differences;
    }

    private static void Compare(string path, string field, JsonNode? desired, JsonNode? observed, bool exact, List<FieldDifference> differences)
    {
        if (IsNothing(desired))
        {
            if (exact && !IsNothing(observed))
            {
                differences.Add(new FieldDifference(path, null, observed!.ToJsonString()));
            }

            return;
        }

        switch (desired, observed)
        {
            case (JsonObject wanted, JsonObject there):
                CompareFields(path, wanted, there, exact, differences);
                break;
            case (JsonArray wanted, JsonArray there):
                CompareItems(path, field, wanted, there, exact, differences);
                break;
            case (JsonValue wanted, JsonValue there) when Same(wanted, there):
                break;
            default:
                differences.Add(new FieldDifference(path, desired!.ToJsonString(), observed?.ToJsonString()));
                break;
        }
    }

    private static void CompareFields(string path, JsonObject desired, JsonObject observed, bool exact, List<FieldDifference> differences)
    {
        foreach (var (name, value) in desired)
        {
            Compare(Join(path, name), name, value, observed[name], exact, differences);
        }

        if (exact)
        {
            foreach (var (name, value) in observed)
            {
                if (!desired.ContainsKey(name))
                {
                    Compare(Join(path, name), name, null, value, exact, differences);
                }
            }
        }
    }

    private static void CompareItems(string path, string field, JsonArray desired, JsonArray observed, bool exact, List<FieldDifference> differences)
    {
        if (ListKeys.Find(field, desired) is { } identity && TryIndex(desired, identity, out var wanted) && TryIndex(observed, identity, out var there))
        {
            foreach (var (key, item) in wanted)
            {
                Compare($"{path}[{key}]", "", item, there.GetValueOrDefault(key), exact, differences);
            }

            if (exact)
            {
                foreach (var (key, item) in there.Where(pair => !wanted.ContainsKey(pair.Key)))
                {
                    Compare($"{path}[{key}]", "", null, item, exact, differences);
                }
            }

            return;
        }

        if (desired.Count != observed.Count)
        {
            differences.Add(new FieldDifference(path, desired.ToJsonString(), observed.ToJsonString()));
            return;
        }

        for (var i = 0; i < desired.Count; i++)
        {
            Compare($"{path}[{i}]", "", desired[i], observed[i], exact, differences);
        }
    }

    private static bool TryIndex(JsonArray items, Func<JsonNode?, string?> identity, out Dictionary<string, JsonNode?> index)
    {
        index = new Dictionary<string, JsonNode?>(StringComparer.Ordinal);
        foreach (var item in items)
        {
            if (identity(item) is not { } key || !index.TryAdd(key, item))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsNothing(JsonNode? node) => node is null or JsonArray { Count: 0 };

    private static bool Same(JsonValue left, JsonValue right)
    {
        var kind = left.GetValueKind();
        if (kind != right.GetValueKind())
        {
            return false;
        }

        return kind switch
        {
            JsonValueKind.String => left.ToString() == right.ToString(),
            // 1, 1.0 and 1e0 are one number.
            JsonValueKind.Number => left.ToJsonString() == right.ToJsonString() || (Number(left) is { } number && number == Number(right)),
            _ => true,
        };
    }

    private static decimal? Number(JsonValue value) =>
        decimal.TryParse(value.ToJsonString(), System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture, out var number) ? number : null;

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";
}
