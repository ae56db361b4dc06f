using System.Text.Json.Nodes;
using FleetOps.Cluster.Tests.Support;

namespace FleetOps.Cluster.Tests.Charts;

/// <summary>A copy of the chart that a test may change.</summary>
internal sealed class CopiedChart : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("fleetops-chart-");

    /// <summary>Copies the chart without its rules and dashboards, so that a test knows all of those that there are.</summary>
    public CopiedChart()
    {
        var source = Repository.Path("charts", "fleetops");
        foreach (var file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories).Where(f => !f.StartsWith(Path.Combine(source, "files"), StringComparison.Ordinal)))
        {
            Write(Path.GetRelativePath(source, file), File.ReadAllText(file));
        }
    }

    public string Location => _folder.FullName;

    public string Read(string name) => File.ReadAllText(Path.Combine(Location, name));

    public void Write(string name, string content)
    {
        var path = Path.Combine(Location, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
    }

    /// <summary>The documents that one template renders to for a cluster of today.</summary>
    public async Task<IReadOnlyList<JsonNode>> RenderAsync(string template, params string[] arguments)
    {
        var (code, output, error) = await Helm.TryAsync(
            ["template", "fleetops", Location, "--namespace", "fleetops-system", "--kube-version", "1.35.0", "--show-only", template, .. arguments]);
        Assert.True(code == 0, error);
        return Yaml.Read(output);
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
