using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using FleetOps.Api.Schema;

namespace FleetOps.CrdGenerator;

/// <summary>
/// The serializer's own contract as a Kubernetes structural schema. Names, required fields and enums cannot drift from the wire,
/// because both come from the same contract; bounds, defaults and rules come from attributes.
/// </summary>
internal sealed class StructuralSchema(JsonSerializerOptions options, XmlDocumentation documentation)
{
    public JsonObject Of(Type type)
    {
        var exporter = new JsonSchemaExporterOptions { TreatNullObliviousAsNonNullable = true, TransformSchemaNode = Transform };
        return (JsonObject)options.GetJsonSchemaAsNode(type, exporter);
    }

    private JsonObject Transform(JsonSchemaExporterContext context, JsonNode node)
    {
        var schema = node as JsonObject ?? [];
        var type = Nullable.GetUnderlyingType(context.TypeInfo.Type) ?? context.TypeInfo.Type;
        RemoveNull(schema);
        SetFormat(schema, type);

        List<CelRuleAttribute> cel = [.. type.GetCustomAttributes<CelRuleAttribute>()];
        List<SchemaRuleAttribute> rules = [.. type.GetCustomAttributes<SchemaRuleAttribute>()];
        if (context.PropertyInfo?.AttributeProvider is MemberInfo property)
        {
            schema["description"] = documentation.Summary(property);
            SetBounds(schema, property);
            SetContents(schema, property);
            cel.AddRange(property.GetCustomAttributes<CelRuleAttribute>());
            rules.AddRange(property.GetCustomAttributes<SchemaRuleAttribute>());
        }

        if (rules.Count > 0)
        {
            schema["allOf"] = new JsonArray([.. rules.Select(r => JsonNode.Parse(r.Json))]);
        }

        if (cel.Count > 0)
        {
            schema["x-kubernetes-validations"] = new JsonArray(
                [.. cel.Select(r => new JsonObject { ["rule"] = r.Rule, ["message"] = r.Message })]);
        }

        return Ordered(schema);
    }

    // A structural schema has one type; absence, not null, is how Kubernetes leaves a field out.
    private static void RemoveNull(JsonObject schema)
    {
        if (schema["type"] is JsonArray types)
        {
            schema["type"] = types.Select(t => t!.GetValue<string>()).First(t => t != "null");
        }

        if (schema["enum"] is JsonArray values)
        {
            schema["type"] = "string";
            schema["enum"] = new JsonArray([.. values.Where(v => v is not null).Select(v => v!.DeepClone())]);
        }
    }

    private static void SetFormat(JsonObject schema, Type type)
    {
        if (type == typeof(int))
        {
            schema["format"] = "int32";
        }
        else if (type == typeof(long))
        {
            schema["format"] = "int64";
        }
        else if (type == typeof(DateTime))
        {
            schema["type"] = "string";
            schema["format"] = "date-time";
        }
    }

    private static void SetBounds(JsonObject schema, MemberInfo property)
    {
        if (property.GetCustomAttribute<IntOrStringAttribute>() is not null)
        {
            schema["x-kubernetes-int-or-string"] = true;
            schema["anyOf"] = new JsonArray(new JsonObject { ["type"] = "integer" }, new JsonObject { ["type"] = "string" });
        }

        if (property.GetCustomAttribute<DefaultValueAttribute>() is { } value)
        {
            schema["default"] = JsonSerializer.SerializeToNode(value.Value);
        }

        if (property.GetCustomAttribute<ObjectDefaultAttribute>() is not null)
        {
            schema["default"] = new JsonObject(schema["properties"]!.AsObject()
                .Where(p => p.Value!["default"] is not null)
                .Select(p => KeyValuePair.Create(p.Key, p.Value!["default"]?.DeepClone())));
        }

        if (property.GetCustomAttribute<RangeAttribute>() is { } range)
        {
            schema["minimum"] = Convert.ToInt64(range.Minimum, CultureInfo.InvariantCulture);
            schema["maximum"] = Convert.ToInt64(range.Maximum, CultureInfo.InvariantCulture);
        }

        if (property.GetCustomAttribute<StringLengthAttribute>() is { } length)
        {
            schema["maxLength"] = length.MaximumLength;
            if (length.MinimumLength > 0)
            {
                schema["minLength"] = length.MinimumLength;
            }
        }

        if (property.GetCustomAttribute<RegularExpressionAttribute>() is { } pattern)
        {
            schema["pattern"] = pattern.Pattern;
        }

        if (property.GetCustomAttribute<AllowedValuesAttribute>() is { } allowed)
        {
            schema["enum"] = new JsonArray([.. allowed.Values.Select(v => JsonSerializer.SerializeToNode(v))]);
        }

    }

    private static void SetContents(JsonObject schema, MemberInfo property)
    {
        if (property.GetCustomAttribute<ListMapAttribute>() is { } map)
        {
            schema["maxItems"] = map.MaxItems;
            schema["x-kubernetes-list-type"] = "map";
            schema["x-kubernetes-list-map-keys"] = new JsonArray([.. map.Keys.Select(k => JsonValue.Create(k))]);
        }

        if (property.GetCustomAttribute<ListBoundsAttribute>() is { } list)
        {
            schema["maxItems"] = list.MaxItems;
            schema["x-kubernetes-list-type"] = "atomic";
            SetText(schema["items"]!.AsObject(), list.MaxItemLength, list.ItemPattern);
        }

        if (property.GetCustomAttribute<MapBoundsAttribute>() is { } entries)
        {
            schema["maxProperties"] = entries.MaxProperties;
            SetText(schema["additionalProperties"]!.AsObject(), entries.MaxValueLength, entries.ValuePattern);
        }

        if (property.GetCustomAttribute<OpenObjectAttribute>() is not null)
        {
            schema["type"] = "object";
            schema["x-kubernetes-preserve-unknown-fields"] = true;
        }
    }

    private static void SetText(JsonObject schema, int maxLength, string? pattern)
    {
        if (maxLength > 0)
        {
            schema["maxLength"] = maxLength;
        }

        if (pattern is not null)
        {
            schema["pattern"] = pattern;
        }
    }

    // Readers look for the description first and for the rules last.
    private static JsonObject Ordered(JsonObject schema)
    {
        string[] first = ["description", "type", "format", "default", "enum", "minimum", "maximum", "minLength", "maxLength", "pattern", "maxItems", "maxProperties"];
        string[] last = ["required", "properties", "items", "additionalProperties", "anyOf", "allOf", "x-kubernetes-validations"];
        return new(schema
            .OrderBy(p => Array.IndexOf(first, p.Key) is >= 0 and var i ? i : first.Length + 1 + Array.IndexOf(last, p.Key))
            .ToList()
            .Select(p => KeyValuePair.Create(p.Key, p.Value?.DeepClone())));
    }
}
