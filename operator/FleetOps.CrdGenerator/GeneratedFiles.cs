using FleetOps.Api;

namespace FleetOps.CrdGenerator;

/// <summary>The files that follow from the resource types, as they must lie in the repository.</summary>
internal static class GeneratedFiles
{
    public static IEnumerable<(string Path, string Content)> All(string chartFolder, string crdFolder)
    {
        var definition = CustomResourceDefinition.For(
            FleetOpsJson.Default.ModelDeployment, XmlDocumentation.Of(typeof(ModelDeployment).Assembly));
        var fileName = $"{ModelDeployment.GroupName}_{ModelDeployment.Plural}.yaml";
        yield return (Path.Combine(crdFolder, fileName), Header + Yaml.Write(definition));
        yield return (Path.Combine(chartFolder, "templates", "crds", fileName), ChartTemplate.From(definition));
    }

    private const string Header = "# Generated from the types of FleetOps.Api by `make crds`; do not edit.\n";
}
