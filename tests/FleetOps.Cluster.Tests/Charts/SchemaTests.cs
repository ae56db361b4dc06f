using System.Text.Json;
using System.Text.Json.Nodes;
using FleetOps.Cluster.Tests.Crds;
using FleetOps.Cluster.Tests.Support;

namespace FleetOps.Cluster.Tests.Charts;

/// <summary>The schemas of the values leave no place where a misspelled key goes unnoticed, but for those that are listed here.</summary>
public sealed class SchemaTests
{
    // What Kubernetes or the ModelDeployment defines is checked by whoever takes the object.
    private static readonly Dictionary<string, string[]> FreeForm = new(StringComparer.Ordinal)
    {
        ["fleetops"] =
        [
            "extraObjects[]", "networkPolicy.metricsFrom[]", "operator.affinity", "operator.resources.claims[]", "operator.tolerations[]",
            "operator.topologySpreadConstraints[]",
        ],
        ["fleetops-models"] = ["models.*.spec", "spec"],
    };

    [Theory]
    [InlineData("fleetops")]
    [InlineData("fleetops-models")]
    public void Every_object_refuses_the_keys_that_it_does_not_know(string chart)
    {
        var schema = Read(chart);
        var open = new List<string>();

        Walk(schema, schema, "", open);

        Assert.Equal(FreeForm[chart], open.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("""{"type":"object","properties":{"a":{"type":"string"}}}""", "")]
    [InlineData("""{"type":"object","additionalProperties":false,"properties":{"a":{"type":["object","null"]}}}""", "a")]
    [InlineData("""{"type":"object","additionalProperties":{"$ref":"#/definitions/d"},"definitions":{"d":{"properties":{}}}}""", "*")]
    [InlineData("""{"type":"object","additionalProperties":false,"properties":{"a":{"type":"array","items":{"oneOf":[{"type":"object"}]}}}}""", "a[]")]
    [InlineData("""{"type":"object","additionalProperties":false,"properties":{"a":{}}}""", "a")]
    public void An_object_that_takes_anything_is_found(string schema, string path)
    {
        var open = new List<string>();

        Walk(JsonNode.Parse(schema)!, JsonNode.Parse(schema)!, "", open);

        Assert.Equal([path], open);
    }

    [Theory]
    [InlineData("model")]
    [InlineData("engine")]
    [InlineData("resources")]
    public void The_model_of_helm_test_may_have_every_field_of_a_ModelDeployment(string part)
    {
        var definition = Yaml.Read(CrdServers.Definition).Single();
        var fields = definition["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"]!["properties"]!["spec"]!["properties"]![part]!;

        Assert.Equal(Fields(fields, part), Fields(Read("fleetops")["properties"]!["test"]!["properties"]![part]!, part));
    }

    private static JsonNode Read(string chart) => JsonNode.Parse(File.ReadAllText(Repository.Path("charts", chart, "values.schema.json")))!;

    /// <summary>Adds the path of every value that takes any key.</summary>
    private static void Walk(JsonNode root, JsonNode schema, string path, List<string> open)
    {
        if ((string?)schema["$ref"] is { } reference)
        {
            Walk(root, root["definitions"]![reference.Split('/')[^1]]!, path, open);
            return;
        }

        foreach (var one in new[] { "oneOf", "anyOf", "allOf" }.SelectMany(key => schema[key]?.AsArray() ?? []))
        {
            Walk(root, one!, path, open);
        }

        if (schema["items"] is { } items)
        {
            Walk(root, items, path + "[]", open);
        }

        foreach (var (name, property) in schema["properties"]?.AsObject() ?? [])
        {
            Walk(root, property!, Join(path, name), open);
        }

        if (schema["additionalProperties"] is JsonObject others)
        {
            Walk(root, others, Join(path, "*"), open);
        }
        else if (TakesObjects(schema) && schema["additionalProperties"]?.GetValueKind() != JsonValueKind.False)
        {
            open.Add(path);
        }
    }

    private static bool TakesObjects(JsonNode schema) => schema["type"] switch
    {
        null => !new[] { "enum", "const", "oneOf", "anyOf", "allOf" }.Any(key => schema[key] is not null),
        JsonArray types => types.Any(type => (string?)type == "object"),
        var type => (string?)type == "object",
    };

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    private static List<string> Fields(JsonNode schema, string path) =>
    [
        .. (schema["properties"]?.AsObject() ?? []).OrderBy(field => field.Key, StringComparer.Ordinal).SelectMany(field => Fields(field.Value!, Join(path, field.Key)).Prepend(Join(path, field.Key))),
        .. schema["items"] is { } items ? Fields(items, path + "[]") : [],
    ];
}
