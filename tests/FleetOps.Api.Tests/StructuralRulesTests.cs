using System.Text.Json.Nodes;
using FleetOps.CrdGenerator;
using k8s;
using k8s.Models;

namespace FleetOps.Api.Tests;

/// <summary>What Kubernetes demands of a schema, and what bounds the cost of its CEL rules.</summary>
public sealed class StructuralRulesTests
{
    public static TheoryData<string> Kinds => [.. GeneratedFiles.Definitions.Select(Kind)];

    [Theory]
    [InlineData("modeldeployments", "fmd", ".spec.replicas")]
    [InlineData("modelcaches", "fmc", null)]
    public void The_definition_has_no_field_that_Kubernetes_does_not_know(string plural, string shortName, string? replicas)
    {
        var yaml = File.ReadAllText(Path.Combine(RepositoryFiles.Root, "deploy", "crds", $"fleetops.dev_{plural}.yaml"));

        var definition = KubernetesYaml.Deserialize<V1CustomResourceDefinition>(yaml, strict: true);

        Assert.Equal($"{plural}.fleetops.dev", definition.Metadata.Name);
        Assert.Equal([shortName], definition.Spec.Names.ShortNames);
        Assert.Equal(["fleetops"], definition.Spec.Names.Categories);
        Assert.Equal(replicas, definition.Spec.Versions[0].Subresources.Scale?.SpecReplicasPath);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Every_value_has_one_type_and_a_description(string kind)
    {
        Assert.All(Values(Schema(kind), ""), value =>
        {
            var isIntOrString = value.Schema["x-kubernetes-int-or-string"] is not null;
            Assert.True(isIntOrString || value.Schema["type"] is JsonValue, $"{value.Path} has no type");
            Assert.True(value.Path is "" or ".metadata" || value.Path.EndsWith(']') || value.Path.EndsWith('}') || value.Schema["description"] is not null, $"{value.Path} has no description");
        });
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Every_string_and_every_list_is_bounded(string kind)
    {
        Assert.All(Values(Schema(kind), "").Where(value => value.Path is not (".apiVersion" or ".kind")), value =>
        {
            var isBounded = (string?)value.Schema["type"] switch
            {
                "string" => value.Schema["maxLength"] is not null || value.Schema["enum"] is not null || value.Schema["format"] is not null,
                "array" => value.Schema["maxItems"] is not null,
                "integer" => value.Path.StartsWith(".status", StringComparison.Ordinal) || value.Schema["maximum"] is not null,
                "object" => value.Schema["additionalProperties"] is null || value.Schema["maxProperties"] is not null,
                "boolean" => true,
                _ => value.Schema["maxLength"] is not null,
            };
            Assert.True(isBounded, $"{value.Path} has no bound");
        });
    }

    [Theory, MemberData(nameof(Kinds))]
    public void What_stands_within_a_junctor_only_validates(string kind)
    {
        string[] structure = ["type", "description", "default", "additionalProperties", "nullable", "x-kubernetes-validations", "x-kubernetes-list-type"];
        var nested = Values(Schema(kind), "").SelectMany(value => value.Schema["allOf"] is { } rules ? Descendants(rules) : []);

        Assert.All(nested, node => Assert.DoesNotContain(node, pair => structure.Contains(pair.Key)));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Every_default_is_a_value_that_its_own_schema_allows(string kind)
    {
        Assert.All(Values(Schema(kind), "").Where(value => value.Schema["default"] is JsonValue), value =>
        {
            var text = value.Schema["default"]!.ToString();
            Assert.True(value.Schema["enum"] is not JsonArray choices || choices.Any(c => c!.ToString() == text), value.Path);
            Assert.True(value.Schema["pattern"] is not { } pattern || System.Text.RegularExpressions.Regex.IsMatch(text, pattern.GetValue<string>(), default, TimeSpan.FromSeconds(1)), value.Path);
        });
    }

    [Theory]
    [InlineData("ModelDeployment", ".spec.placement.affinity")]
    [InlineData("ModelCache")]
    public void Only_what_the_operator_reads_itself_is_open(string kind, params string[] expected)
    {
        var open = Values(Schema(kind), "").Where(value => value.Schema["x-kubernetes-preserve-unknown-fields"] is not null).Select(value => value.Path);

        Assert.Equal(expected, open);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Every_rule_names_its_field_by_the_full_path(string kind)
    {
        var rules = Values(Schema(kind), "").SelectMany(value => (value.Schema["x-kubernetes-validations"] as JsonArray ?? []).Select(rule => (value.Path, Message: (string)rule!["message"]!)));

        Assert.All(rules, rule => Assert.StartsWith(rule.Path[1..], rule.Message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("ModelDeployment", "Model", "Quant", "GPUs", "Ready", "Phase", "Age", "Progress (wide)", "Cache (wide)", "Source (wide)", "Endpoint (wide)", "Reason (wide)")]
    [InlineData("ModelCache", "Source", "Size", "Progress", "ETA", "Phase", "Age", "Claim (wide)", "Reason (wide)")]
    public void The_columns_are_those_that_people_were_promised(string kind, params string[] expected)
    {
        var columns = Version(kind)["additionalPrinterColumns"]!.AsArray().Select(c => $"{c!["name"]}{(c["priority"] is null ? "" : " (wide)")}");

        Assert.Equal(expected, columns);
    }

    private static string Kind(JsonObject definition) => (string)definition["spec"]!["names"]!["kind"]!;

    private static JsonObject Version(string kind) => GeneratedFiles.Definitions.Single(definition => Kind(definition) == kind)["spec"]!["versions"]![0]!.AsObject();

    private static JsonObject Schema(string kind) => Version(kind)["schema"]!["openAPIV3Schema"]!.AsObject();

    private static IEnumerable<(string Path, JsonObject Schema)> Values(JsonObject schema, string path)
    {
        yield return (path, schema);
        IEnumerable<(string Path, JsonObject Schema)> below =
        [
            .. (schema["properties"] as JsonObject ?? []).SelectMany(p => Values(p.Value!.AsObject(), $"{path}.{p.Key}")),
            .. schema["items"] is JsonObject items ? Values(items, path + "[]") : [],
            .. schema["additionalProperties"] is JsonObject entries ? Values(entries, path + "{}") : [],
        ];
        foreach (var value in below)
        {
            yield return value;
        }
    }

    private static IEnumerable<JsonObject> Descendants(JsonNode node) => node switch
    {
        JsonArray list => list.SelectMany(item => Descendants(item!)),
        JsonObject item => [item, .. item.Where(p => p.Key is "anyOf" or "allOf" or "not").SelectMany(p => Descendants(p.Value!)),
            .. (item["properties"] as JsonObject ?? []).SelectMany(p => Descendants(p.Value!))],
        _ => [],
    };
}
