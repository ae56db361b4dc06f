using System.Text.Json.Nodes;
using FleetOps.Api;

namespace FleetOps.CrdGenerator;

/// <summary>The files that follow from the resource types, as they must lie in the repository.</summary>
internal static class GeneratedFiles
{
    private const string Header = "# Generated from the types of FleetOps.Api by `make crds`; do not edit.\n";

    /// <summary>The definitions of all kinds.</summary>
    public static IReadOnlyList<JsonObject> Definitions { get; } = [.. All()];

    public static IEnumerable<(string Path, string Content)> All(string chartFolder, string crdFolder)
    {
        foreach (var definition in Definitions)
        {
            var names = definition["spec"]!["names"]!;
            var fileName = $"{definition["spec"]!["group"]}_{names["plural"]}.yaml";
            yield return (Path.Combine(crdFolder, fileName), Header + Yaml.Write(definition));
            yield return (Path.Combine(chartFolder, "templates", "crds", fileName), ChartTemplate.From(definition));
        }
    }

    private static IEnumerable<JsonObject> All()
    {
        var documentation = XmlDocumentation.Of(typeof(ModelDeployment).Assembly);
        yield return CustomResourceDefinition.For(FleetOpsJson.Default.ModelDeployment, documentation);
        yield return CustomResourceDefinition.For(FleetOpsJson.Default.ModelCache, documentation);
    }
}
