using System.Text.Json.Nodes;
using FleetOps.CrdGenerator;
using k8s;
using k8s.Models;

namespace FleetOps.Api.Tests;

/// <summary>What Kubernetes demands of a schema, and what bounds the cost of its CEL rules.</summary>
public sealed class StructuralRulesTests
{
    private static readonly JsonObject Definition =
        CustomResourceDefinition.For(FleetOpsJson.Default.ModelDeployment, XmlDocumentation.Of(typeof(ModelDeployment).Assembly));

    private static JsonObject Version => Definition["spec"]!["versions"]![0]!.AsObject();

    private static JsonObject Schema => Version["schema"]!["openAPIV3Schema"]!.AsObject();

    [Fact]
    public void The_definition_has_no_field_that_Kubernetes_does_not_know()
    {
        var yaml = File.ReadAllText(Path.Combine(RepositoryFiles.Root, "deploy", "crds", "fleetops.dev_modeldeployments.yaml"));

        var definition = KubernetesYaml.Deserialize<V1CustomResourceDefinition>(yaml, strict: true);

        Assert.Equal("modeldeployments.fleetops.dev", definition.Metadata.Name);
        Assert.Equal(["fmd"], definition.Spec.Names.ShortNames);
        Assert.Equal(["fleetops"], definition.Spec.Names.Categories);
        Assert.Equal(".spec.replicas", definition.Spec.Versions[0].Subresources.Scale.SpecReplicasPath);
    }

    [Fact]
    public void Every_value_has_one_type_and_a_description()
    {
        Assert.All(Values(Schema, ""), value =>
        {
            var isIntOrString = value.Schema["x-kubernetes-int-or-string"] is not null;
            Assert.True(isIntOrString || value.Schema["type"] is JsonValue, $"{value.Path} has no type");
            Assert.True(value.Path is "" or ".metadata" || value.Path.EndsWith(']') || value.Path.EndsWith('}') || value.Schema["description"] is not null, $"{value.Path} has no description");
        });
    }

    [Fact]
    public void Every_string_and_every_list_is_bounded()
    {
        Assert.All(Values(Schema, "").Where(value => value.Path is not (".apiVersion" or ".kind")), value =>
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

    [Fact]
    public void What_stands_within_a_junctor_only_validates()
    {
        string[] structure = ["type", "description", "default", "additionalProperties", "nullable", "x-kubernetes-validations", "x-kubernetes-list-type"];
        var nested = Values(Schema, "").SelectMany(value => value.Schema["allOf"] is { } rules ? Descendants(rules) : []);

        Assert.All(nested, node => Assert.DoesNotContain(node, pair => structure.Contains(pair.Key)));
    }

    [Fact]
    public void Every_default_is_a_value_that_its_own_schema_allows()
    {
        Assert.All(Values(Schema, "").Where(value => value.Schema["default"] is JsonValue), value =>
        {
            var text = value.Schema["default"]!.ToString();
            Assert.True(value.Schema["enum"] is not JsonArray choices || choices.Any(c => c!.ToString() == text), value.Path);
            Assert.True(value.Schema["pattern"] is not { } pattern || System.Text.RegularExpressions.Regex.IsMatch(text, pattern.GetValue<string>(), default, TimeSpan.FromSeconds(1)), value.Path);
        });
    }

    [Fact]
    public void Only_what_the_operator_reads_itself_is_open()
    {
        var open = Values(Schema, "").Where(value => value.Schema["x-kubernetes-preserve-unknown-fields"] is not null).Select(value => value.Path);

        Assert.Equal([".spec.placement.affinity"], open);
    }

    [Fact]
    public void Every_rule_names_its_field_by_the_full_path()
    {
        var rules = Values(Schema, "").SelectMany(value => (value.Schema["x-kubernetes-validations"] as JsonArray ?? []).Select(rule => (value.Path, Message: (string)rule!["message"]!)));

        Assert.All(rules, rule => Assert.StartsWith(rule.Path[1..], rule.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void The_columns_are_those_that_people_were_promised()
    {
        var columns = Version["additionalPrinterColumns"]!.AsArray().Select(c => $"{c!["name"]}{(c["priority"] is null ? "" : " (wide)")}");

        Assert.Equal(["Model", "Quant", "GPUs", "Ready", "Phase", "Age", "Source (wide)", "Endpoint (wide)", "Reason (wide)"], columns);
    }

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
