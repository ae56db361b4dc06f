using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Apply;

/// <summary>
/// Finds where an observed object is not as an intent states. Null and an empty list count as nothing; quantities are compared as the
/// amounts that they are, since the server writes them in its own way.
/// </summary>
internal static class IntentComparison
{
    private static readonly HashSet<string> Quantities = new(StringComparer.Ordinal) { "requests", "limits", "sizeLimit", "hard", "capacity" };

    /// <summary>Every stated field that is absent or different. Fields that are not stated are the server's or someone else's.</summary>
    /// <param name="desired">The intent.</param>
    /// <param name="observed">What is there.</param>
    /// <param name="except">Paths that are not compared; null for none.</param>
    public static List<FieldDifference> Missing(JsonElement desired, JsonElement observed, IReadOnlySet<string>? except = null)
    {
        var differences = new List<FieldDifference>();
        Compare("", "", desired, observed, new Rules(IsExact: false, HasQuantities: false), differences);
        if (except is not null)
        {
            differences.RemoveAll(difference => except.Contains(difference.Path));
        }

        return differences;
    }

    /// <summary>As <see cref="Missing"/>, and also every field that is there without being stated; for what one program owns whole.</summary>
    public static List<FieldDifference> Any(JsonElement desired, JsonElement observed)
    {
        var differences = new List<FieldDifference>();
        Compare("", "", desired, observed, new Rules(IsExact: true, HasQuantities: false), differences);
        return differences;
    }

    /// <summary>
    /// Whether an object holds a stated field word for word, in lists at the same place. True only when <see cref="Missing"/> finds nothing;
    /// false when it has to be asked.
    /// </summary>
    /// <param name="desired">The field as stated.</param>
    /// <param name="observed">The object that should hold it.</param>
    public static bool IsPlainlyMet(JsonProperty desired, JsonElement observed) =>
        IsPlainlyMet(desired.Value, Find(observed, desired));

    private static bool IsPlainlyMet(JsonElement desired, JsonElement observed)
    {
        if (IsNothing(desired))
        {
            return true;
        }

        if (desired.ValueKind != observed.ValueKind)
        {
            return false;
        }

        switch (desired.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var field in desired.EnumerateObject())
                {
                    if (!IsPlainlyMet(field, observed))
                    {
                        return false;
                    }
                }

                return true;
            case JsonValueKind.Array:
                return desired.GetArrayLength() == observed.GetArrayLength() && AreItemsPlainlyMet(desired, observed);
            default:
                return IsWordForWord(desired, observed);
        }
    }

    private static bool AreItemsPlainlyMet(JsonElement desired, JsonElement observed)
    {
        var there = observed.EnumerateArray();
        foreach (var item in desired.EnumerateArray())
        {
            if (!there.MoveNext() || !IsPlainlyMet(item, there.Current))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether two values are written alike, to the byte.</summary>
    public static bool IsWordForWord(JsonElement one, JsonElement other) =>
        one.ValueKind == other.ValueKind
        && one.ValueKind != JsonValueKind.Undefined
        && JsonMarshal.GetRawUtf8Value(one).SequenceEqual(JsonMarshal.GetRawUtf8Value(other));

    private static JsonElement Find(JsonElement observed, JsonProperty field)
    {
        var name = JsonMarshal.GetRawUtf8PropertyName(field);
        return name.Contains((byte)'\\')
            ? observed.TryGetProperty(field.Name, out var escaped) ? escaped : default
            : observed.TryGetProperty(name, out var found) ? found : default;
    }

    private static void Compare(string path, string field, JsonElement desired, JsonElement observed, Rules rules, List<FieldDifference> differences)
    {
        if (IsNothing(desired))
        {
            if (rules.IsExact && !IsNothing(observed))
            {
                differences.Add(new FieldDifference(path, null, observed.GetRawText()));
            }

            return;
        }

        switch (desired.ValueKind, observed.ValueKind)
        {
            case (JsonValueKind.Object, JsonValueKind.Object):
                CompareFields(path, desired, observed, rules, differences);
                break;
            case (JsonValueKind.Array, JsonValueKind.Array):
                CompareItems(path, field, desired, observed, rules, differences);
                break;
            default:
                if (!IsSameValue(desired, observed, rules.HasQuantities))
                {
                    differences.Add(new FieldDifference(path, desired.GetRawText(), IsNothing(observed) ? null : observed.GetRawText()));
                }

                break;
        }
    }

    private static void CompareFields(string path, JsonElement desired, JsonElement observed, Rules rules, List<FieldDifference> differences)
    {
        foreach (var property in desired.EnumerateObject())
        {
            var inner = Quantities.Contains(property.Name) ? rules with { HasQuantities = true } : rules;
            Compare(Join(path, property.Name), property.Name, property.Value, observed.TryGetProperty(property.Name, out var there) ? there : default, inner, differences);
        }

        if (rules.IsExact)
        {
            foreach (var property in observed.EnumerateObject())
            {
                if (!desired.TryGetProperty(property.Name, out _))
                {
                    Compare(Join(path, property.Name), property.Name, default, property.Value, rules, differences);
                }
            }
        }
    }

    private static void CompareItems(string path, string field, JsonElement desired, JsonElement observed, Rules rules, List<FieldDifference> differences)
    {
        if (ListKeys.Find(field, desired) is { } identity && TryIndex(desired, identity, out var wanted) && TryIndex(observed, identity, out var there))
        {
            foreach (var (key, item) in wanted)
            {
                Compare($"{path}[{key}]", "", item, there.GetValueOrDefault(key), rules, differences);
            }

            if (rules.IsExact)
            {
                foreach (var (key, item) in there.Where(pair => !wanted.ContainsKey(pair.Key)))
                {
                    Compare($"{path}[{key}]", "", default, item, rules, differences);
                }
            }

            return;
        }

        if (desired.GetArrayLength() != observed.GetArrayLength())
        {
            differences.Add(new FieldDifference(path, desired.GetRawText(), observed.GetRawText()));
            return;
        }

        for (var i = 0; i < desired.GetArrayLength(); i++)
        {
            Compare($"{path}[{i}]", "", desired[i], observed[i], rules, differences);
        }
    }

    private static bool TryIndex(JsonElement items, Func<JsonElement, string?> identity, out Dictionary<string, JsonElement> index)
    {
        index = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var item in items.EnumerateArray())
        {
            if (identity(item) is not { } key || !index.TryAdd(key, item))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsNothing(JsonElement element) =>
        element.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null || (element.ValueKind == JsonValueKind.Array && element.GetArrayLength() == 0);

    private static bool IsSameValue(JsonElement left, JsonElement right, bool isQuantity)
    {
        if (isQuantity && Amount(left) is { } amount && Amount(right) is { } other)
        {
            return amount == other;
        }

        if (left.ValueKind != right.ValueKind)
        {
            return false;
        }

        return left.ValueKind switch
        {
            JsonValueKind.String => left.ValueEquals(right.GetString()),
            // 1, 1.0 and 1e0 are one number.
            JsonValueKind.Number => left.GetRawText() == right.GetRawText() || (Number(left) is { } number && number == Number(right)),
            JsonValueKind.True or JsonValueKind.False => true,
            _ => false,
        };
    }

    private static decimal? Number(JsonElement value) =>
        decimal.TryParse(value.GetRawText(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static decimal? Amount(JsonElement value)
    {
        try
        {
            return value.ValueKind switch
            {
                JsonValueKind.String => new ResourceQuantity(value.GetString()).ToDecimal(),
                JsonValueKind.Number => Number(value),
                _ => null,
            };
        }
        catch (Exception e) when (e is FormatException or OverflowException or ArgumentException)
        {
            return null;
        }
    }

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    private readonly record struct Rules(bool IsExact, bool HasQuantities);
}
