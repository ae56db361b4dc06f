using System.Text.Json;
using System.Text.Json.Nodes;
using FleetOps.ControllerRuntime.Apply;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace FleetOps.ControllerRuntime.Tests.Apply;

public sealed class IntentComparisonTests
{
    [Theory]
    [InlineData("""{"a":1}""", """{"a":1,"b":2}""", null)]
    [InlineData("""{"a":1}""", """{"a":1.0}""", null)]
    [InlineData("""{"a":null,"b":[]}""", """{}""", null)]
    [InlineData("""{"a":"1"}""", """{"a":1}""", "a")]
    [InlineData("""{"a":false}""", """{}""", "a")]
    [InlineData("""{"args":["x","y"]}""", """{"args":["y","x"]}""", "args[0]")]
    [InlineData("""{"args":["x"]}""", """{"args":["x","y"]}""", "args")]
    [InlineData("""{"env":[{"name":"A","value":"1"}]}""", """{"env":[{"name":"B"},{"name":"A","value":"1"}]}""", null)]
    [InlineData("""{"env":[{"name":"A","value":"1"}]}""", """{"env":[{"name":"A","value":"2"}]}""", "env[name=A].value")]
    [InlineData("""{"ports":[{"containerPort":1}]}""", """{"ports":[{"containerPort":1,"protocol":"TCP"}]}""", null)]
    [InlineData("""{"ports":[{"port":1,"name":"x"}]}""", """{"ports":[{"port":2,"name":"x"}]}""", "ports[port=1,protocol=TCP]")]
    [InlineData("""{"requests":{"cpu":"1000m","memory":"1.5Gi"}}""", """{"requests":{"cpu":"1","memory":"1536Mi"}}""", null)]
    [InlineData("""{"requests":{"cpu":"1000m"}}""", """{"requests":{"cpu":"999m"}}""", "requests.cpu")]
    [InlineData("""{"emptyDir":{"sizeLimit":"1Gi"}}""", """{"emptyDir":{"sizeLimit":"1024Mi"}}""", null)]
    [InlineData("""{"value":"1000m"}""", """{"value":"1"}""", "value")]
    [InlineData("""{"finalizers":["a"]}""", """{"finalizers":["b","a"]}""", null)]
    public void What_is_stated_must_be_there_and_the_rest_is_others(string desired, string observed, string? first)
    {
        var differences = IntentComparison.Missing(Parsed(desired), Parsed(observed));

        Assert.Equal(first, differences.Count == 0 ? null : differences[0].Path);
        Assert.False(first is not null && IsPlainlyMet(desired, observed));
    }

    [Theory]
    [InlineData("""{"a":1}""", """{"b":2,"a":1}""", true)]
    [InlineData("""{"a":null,"b":[]}""", """{}""", true)]
    [InlineData("""{"env":[{"name":"A","value":"1"}]}""", """{"env":[{"value":"1","name":"A","more":true}]}""", true)]
    [InlineData("""{"\u0061":1}""", """{"a":1}""", true)]
    [InlineData("""{"requests":{"cpu":"1000m"}}""", """{"requests":{"cpu":"1"}}""", false)]
    [InlineData("""{"env":[{"name":"A"}]}""", """{"env":[{"name":"B"},{"name":"A"}]}""", false)]
    [InlineData("""{"a":{}}""", """{"a":[]}""", false)]
    [InlineData("""{"a":"1"}""", """{"a":1}""", false)]
    public void What_is_there_word_for_word_is_told_at_a_glance(string desired, string observed, bool isPlain) =>
        Assert.Equal(isPlain, IsPlainlyMet(desired, observed));

    [Theory]
    [InlineData("""{"a":1}""", """{"a":1,"b":2}""", "b")]
    [InlineData("""{"conditions":[{"type":"A"}]}""", """{"conditions":[{"type":"A"},{"type":"B"}]}""", "conditions[type=B]")]
    [InlineData("""{"a":1}""", """{"a":1,"b":null,"c":[]}""", null)]
    public void Where_everything_is_ours_nothing_else_may_be_there(string desired, string observed, string? first)
    {
        var differences = IntentComparison.Any(Parsed(desired), Parsed(observed));

        Assert.Equal(first, differences.Count == 0 ? null : differences[0].Path);
    }

    [Property(MaxTest = 300)]
    public Property Any_document_contains_itself_and_still_does_when_others_add_fields() =>
        Prop.ForAll(Documents(), document =>
        {
            var richer = JsonNode.Parse(document)!.AsObject();
            Enrich(richer);
            return IntentComparison.Missing(Parsed(document), Parsed(document)).Count == 0
                && IntentComparison.Any(Parsed(document), Parsed(document)).Count == 0
                && IntentComparison.Missing(Parsed(document), Parsed(richer.ToJsonString())).Count == 0
                && IsPlainlyMet(document, document);
        });

    [Property(MaxTest = 300)]
    public Property Any_change_of_a_stated_value_is_noticed() =>
        Prop.ForAll(Documents(), document =>
        {
            var leaves = Leaves(JsonNode.Parse(document)!).ToList();
            return leaves.TrueForAll(path =>
            {
                var changed = JsonNode.Parse(document)!;
                var leaf = Leaves(changed).First(candidate => candidate == path);
                Replace(changed, leaf);
                return IntentComparison.Missing(Parsed(document), Parsed(changed.ToJsonString())).Count == 1 && !IsPlainlyMet(document, changed.ToJsonString());
            });
        });

    private static bool IsPlainlyMet(string desired, string observed) =>
        Parsed(desired).EnumerateObject().All(field => IntentComparison.IsPlainlyMet(field, Parsed(observed)));

    private static JsonElement Parsed(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }

    private static Arbitrary<string> Documents() => Gen.Sized(size => ObjectOf(Math.Min(size, 12))).Select(node => node.ToJsonString()).ToArbitrary();

    private static Gen<JsonObject> ObjectOf(int size) =>
        from count in Gen.Choose(1, 3)
        from names in Gen.Elements("spec", "labels", "containers", "env", "args", "x").ListOf(count)
        from values in Value(size / 2).ListOf(count)
        select new JsonObject(names.Zip(values).DistinctBy(pair => pair.First).Select(pair => KeyValuePair.Create(pair.First, (JsonNode?)pair.Second.DeepClone())));

    private static Gen<JsonNode> Value(int size)
    {
        var leaf = Gen.OneOf(
            Gen.Choose(-5, 5).Select(number => (JsonNode)JsonValue.Create(number)),
            Gen.Elements("a", "b", "1").Select(text => (JsonNode)JsonValue.Create(text)!),
            Gen.Elements(true, false).Select(flag => (JsonNode)JsonValue.Create(flag)));
        return size <= 0
            ? leaf
            : Gen.OneOf(leaf, ObjectOf(size).Select(node => (JsonNode)node), leaf.NonEmptyListOf().Select(items => (JsonNode)new JsonArray([.. items.Take(3).Select(item => item.DeepClone())])));
    }

    private static void Enrich(JsonObject node)
    {
        foreach (var child in node.Select(pair => pair.Value).OfType<JsonObject>().ToList())
        {
            Enrich(child);
        }

        node["added-by-another"] = "value";
    }

    private static IEnumerable<string> Leaves(JsonNode node) => node switch
    {
        JsonObject fields => fields.SelectMany(pair => Leaves(pair.Value!)),
        JsonArray items => items.SelectMany(item => Leaves(item!)),
        _ => [node.GetPath()],
    };

    private static void Replace(JsonNode root, string path)
    {
        var leaf = Find(root, path)!;
        var replacement = JsonValue.Create("changed-" + path);
        if (leaf.Parent is JsonObject parent)
        {
            parent[leaf.GetPropertyName()] = replacement;
        }
        else if (leaf.Parent is JsonArray items)
        {
            items[leaf.GetElementIndex()] = replacement;
        }
    }

    private static JsonNode? Find(JsonNode node, string path) => node switch
    {
        JsonObject fields => fields.Select(pair => Find(pair.Value!, path)).FirstOrDefault(found => found is not null),
        JsonArray items => items.Select(item => Find(item!, path)).FirstOrDefault(found => found is not null),
        _ => node.GetPath() == path ? node : null,
    };
}
