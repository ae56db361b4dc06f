using System.Text.Json.Nodes;
using FleetOps.Cluster.Tests.Support;
using YamlDotNet.Serialization;

namespace FleetOps.Cluster.Tests.Rights;

/// <summary>The roles and bindings that the chart renders to.</summary>
internal sealed class ChartRights(IReadOnlyList<JsonNode> documents)
{
    private const string Rbac = "apis/rbac.authorization.k8s.io/v1";

    /// <summary>Kinds that were rendered, with their namespaces.</summary>
    public IEnumerable<(string Kind, string? Namespace)> Documents => documents.Select(d => (Kind(d), (string?)d["metadata"]!["namespace"]));

    /// <summary>All that is granted, wherever.</summary>
    public HashSet<Right> Granted =>
        [.. documents.SelectMany(Rules).SelectMany(rule => Values(rule, "apiGroups").SelectMany(group => Values(rule, "resources").SelectMany(resource => Values(rule, "verbs").Select(verb => new Right(group, resource, verb)))))];

    /// <summary>Renders the chart for an operator in a namespace that serves the watched ones, or all when there are none.</summary>
    public static async Task<ChartRights> RenderAsync(string home, params string[] watched)
    {
        string[] confined = watched.Length == 0 ? [] : ["--set", $"operator.watchNamespaces={{{string.Join(',', watched)}}}"];
        var rendered = await Helm.TemplateAsync(["--namespace", home, "--kube-version", "1.20.2", "--show-only", "templates/clusterrole.yaml", "--show-only", "templates/role.yaml", .. confined]);
        var reader = new DeserializerBuilder().Build();
        var writer = new SerializerBuilder().JsonCompatible().Build();
        return new([.. rendered.Split("---\n").Where(text => text.Contains("kind:", StringComparison.Ordinal)).Select(text => JsonNode.Parse(writer.Serialize(reader.Deserialize<object>(text)))!)]);
    }

    /// <summary>The same for another namespace of the operator, which it serves too, and without one right.</summary>
    public ChartRights For(string placeholder, string home, Right lacking)
    {
        var copies = documents.Select(d => JsonNode.Parse(d.ToJsonString().Replace(placeholder, home, StringComparison.Ordinal))!).ToList();
        foreach (var rule in copies.SelectMany(Rules).Where(rule => Values(rule, "apiGroups").Contains(lacking.Group) && Values(rule, "resources").Contains(lacking.Resource)))
        {
            rule["verbs"] = new JsonArray([.. Values(rule, "verbs").Where(verb => verb != lacking.Verb).Select(verb => (JsonNode)verb)]);
        }

        // RBAC refuses a rule without verbs.
        foreach (var role in copies.Where(d => d["rules"] is not null))
        {
            role["rules"] = new JsonArray([.. Rules(role).Where(rule => Values(rule, "verbs").Any()).Select(rule => rule.DeepClone())]);
        }

        return new(copies);
    }

    /// <summary>Creates them all.</summary>
    public async Task InstallAsync(RestClient rest)
    {
        foreach (var document in documents)
        {
            var plural = Kind(document).ToLowerInvariant() + "s";
            var path = document["metadata"]!["namespace"] is { } space ? $"{Rbac}/namespaces/{space}/{plural}" : $"{Rbac}/{plural}";
            var answer = await rest.CreateAsync(path, document.ToJsonString());
            Assert.True(answer.IsSuccess, answer.Message);
        }

        // The server learns of them a moment after it has stored them.
        foreach (var binding in documents.Where(d => d["roleRef"] is not null))
        {
            var role = documents.Single(d => Kind(d) == (string)binding["roleRef"]!["kind"]! && (string)d["metadata"]!["name"]! == (string)binding["roleRef"]!["name"]! && (string?)d["metadata"]!["namespace"] == (string?)binding["metadata"]!["namespace"]);
            var subject = binding["subjects"]![0]!;
            var review = Review($"system:serviceaccount:{subject["namespace"]}:{subject["name"]}", (string?)binding["metadata"]!["namespace"], Rules(role).First());
            await Eventually.FindAsync($"the server knows the rights of {binding["metadata"]!["name"]}", async () =>
                await rest.CreateAsync("apis/authorization.k8s.io/v1/subjectaccessreviews", review) is { IsSuccess: true } answer && (bool?)answer.Body["status"]!["allowed"] == true ? this : null);
        }
    }

    private static string Review(string user, string? space, JsonNode rule)
    {
        var resource = Values(rule, "resources").First().Split('/');
        var attributes = new JsonObject
        {
            ["group"] = Values(rule, "apiGroups").First(),
            ["resource"] = resource[0],
            ["subresource"] = resource.ElementAtOrDefault(1),
            ["verb"] = Values(rule, "verbs").First(),
            ["namespace"] = space,
            ["name"] = rule["resourceNames"] is null ? null : Values(rule, "resourceNames").First(),
        };
        return new JsonObject
        {
            ["apiVersion"] = "authorization.k8s.io/v1",
            ["kind"] = "SubjectAccessReview",
            ["spec"] = new JsonObject { ["user"] = user, ["resourceAttributes"] = attributes },
        }.ToJsonString();
    }

    private static string Kind(JsonNode document) => (string)document["kind"]!;

    private static IEnumerable<JsonNode> Rules(JsonNode document) => (document["rules"] as JsonArray)?.Select(rule => rule!) ?? [];

    private static IEnumerable<string> Values(JsonNode rule, string field) => rule[field]!.AsArray().Select(value => (string)value!);
}
