using System.Text.Json.Nodes;
using FleetOps.Cluster.Tests.Crds;
using FleetOps.Cluster.Tests.Support;

namespace FleetOps.Cluster.Tests.Charts;

/// <summary>
/// What the chart makes for the Prometheus Operator is accepted by its own definitions on the newest CRD server, which checks every field. They are those
/// of version 0.57 as far as an npm package carries them: the schemas, without descriptions.
/// </summary>
public sealed class PrometheusOperatorTests(CrdServers servers)
{
    private const string Group = "monitoring.coreos.com";

    [Theory]
    [InlineData("PodMonitor", 2)]
    [InlineData("ServiceMonitor", 1)]
    [InlineData("PrometheusRule", 4)]
    public async Task Monitors_and_rules_are_accepted_field_by_field(string kind, int atLeast)
    {
        using var rest = new RestClient(servers.Newest.CreateConfiguration());
        var path = await InstallAsync(rest, kind);
        var rendered = Yaml.Read(await Helm.TemplateAsync(
            "--namespace", "default", "--kube-version", "1.35.0", "--set", "crds.enabled=false,monitoring.labels.release=prometheus",
            "--set", "monitoring.operator.enabled=true,monitoring.workers.enabled=true,monitoring.rules.enabled=true,monitoring.rules.runbookBaseUrl=https://git.example.com/fleetops",
            "--set", $"monitoring.operator.kind={(kind == "ServiceMonitor" ? kind : "PodMonitor")}"));

        var ours = rendered.Where(document => (string?)document["kind"] == kind).ToList();

        Assert.True(ours.Count >= atLeast, $"{ours.Count} of {kind} are rendered");
        foreach (var document in ours)
        {
            var answer = await rest.CreateAsync(path, document.ToJsonString());
            Assert.True(answer.IsSuccess, answer.Message);
            Assert.Empty(answer.Warnings);
        }

        // The server would have told of a field that there is not.
        ours[0]["spec"]!["selectr"] = new JsonObject();
        var refused = await rest.CreateAsync(path, ours[0].ToJsonString());
        Assert.Contains("unknown field \"spec.selectr\"", refused.Message, StringComparison.Ordinal);
    }

    /// <returns>Where resources of the kind are tried.</returns>
    private static async Task<string> InstallAsync(RestClient rest, string kind)
    {
        var (code, output, error) = await Helm.RunAsync(Repository.Path("deploy", "local", "tools", "prometheus-operator-crds"), []);
        Assert.SkipWhen(code != 0, $"The definitions of the Prometheus Operator cannot be had: {error.Trim()}");
        var schema = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(output.Trim(), $"{kind}.json"), TestContext.Current.CancellationToken))!;
        var plural = $"{kind.ToLowerInvariant()}s";

        var installed = await rest.CreateAsync(RestClient.Definitions, Definition(kind, plural, schema).ToJsonString());

        Assert.True(installed.IsSuccess, installed.Message);
        var path = $"apis/{Group}/v1/namespaces/default/{plural}";
        await Eventually.FindAsync($"{kind} is served", async () => await rest.GetAsync(path) is { IsSuccess: true } list ? list : null);
        return path + "?dryRun=All&fieldValidation=Strict";
    }

    private static JsonObject Definition(string kind, string plural, JsonNode schema)
    {
        schema["properties"] = new JsonObject { ["spec"] = Structural(schema["properties"]!["spec"]!) };
        schema["required"] = new JsonArray("spec");
        return new()
        {
            ["apiVersion"] = "apiextensions.k8s.io/v1",
            ["kind"] = "CustomResourceDefinition",
            ["metadata"] = new JsonObject { ["name"] = $"{plural}.{Group}" },
            ["spec"] = new JsonObject
            {
                ["group"] = Group,
                ["scope"] = "Namespaced",
                ["names"] = new JsonObject { ["kind"] = kind, ["plural"] = plural },
                ["versions"] = new JsonArray(new JsonObject
                {
                    ["name"] = "v1",
                    ["served"] = true,
                    ["storage"] = true,
                    ["schema"] = new JsonObject { ["openAPIV3Schema"] = schema.DeepClone() },
                }),
            },
        };
    }

    /// <summary>The package says "a number or a text" in the words of JSON Schema, which a definition may not use.</summary>
    private static JsonNode Structural(JsonNode node)
    {
        switch (node)
        {
            case JsonObject schema when (schema["oneOf"] ?? schema["anyOf"]) is JsonArray:
                return new JsonObject { ["x-kubernetes-int-or-string"] = true, ["nullable"] = true };
            case JsonObject schema:
                return new JsonObject(schema.Select(part => KeyValuePair.Create(part.Key, part.Value is null ? null : Structural(part.Value))));
            case JsonArray array:
                return new JsonArray([.. array.Select(item => item is null ? null : Structural(item))]);
            default:
                return node.DeepClone();
        }
    }
}
