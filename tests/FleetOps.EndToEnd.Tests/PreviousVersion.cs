using System.Globalization;

namespace FleetOps.EndToEnd.Tests;

/// <summary>
/// A version of FleetOps before that of this checkout, as a package of the chart: a lower version number, a definition that lacks a column, and an operator
/// image of another name. What runs in that image is the same: there is no older one to be had.
/// </summary>
internal sealed class PreviousVersion : IDisposable
{
    public const string Version = "0.0.9";
    private const string Column = "Endpoint";
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("fleetops-previous-");

    private PreviousVersion(string image) => Image = image;

    /// <summary>The operator's image.</summary>
    public string Image { get; }

    /// <summary>The package of the chart.</summary>
    public string Package => Path.Combine(_folder.FullName, $"fleetops-{Version}.tgz");

    /// <summary>Packages the chart and gives the operator's image its other name on the node.</summary>
    public static async Task<PreviousVersion> MakeAsync(Helm helm, string operatorImage)
    {
        var repository = operatorImage[..operatorImage.LastIndexOf(':')];
        var previous = new PreviousVersion($"{repository}:{Version}");
        await previous.PackageAsync(helm);
        await ImagesAsync("tag", "--force", operatorImage, previous.Image);
        return previous;
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private async Task PackageAsync(Helm helm)
    {
        var chart = _folder.CreateSubdirectory("fleetops").FullName;
        (await Command.RunAsync("cp", ["-r", Repository.File("charts", "fleetops") + "/.", chart])).Succeeded();
        var definition = Path.Combine(chart, "templates", "crds", "fleetops.dev_modeldeployments.yaml");
        var lines = (await File.ReadAllLinesAsync(definition, TestContext.Current.CancellationToken)).ToList();
        var first = lines.FindIndex(line => line.Trim() == $"- name: {Column}");
        var next = lines.FindIndex(first + 1, line => line.TrimStart().StartsWith("- name: ", StringComparison.Ordinal));
        Assert.True(first > 0 && next > first, string.Create(CultureInfo.InvariantCulture, $"{definition} has no column {Column}."));
        lines.RemoveRange(first, next - first);
        await File.WriteAllLinesAsync(definition, lines, TestContext.Current.CancellationToken);
        await helm.RunAsync(["package", chart, "--version", Version, "--app-version", Version, "--destination", _folder.FullName]);
    }

    private static async Task ImagesAsync(params string[] arguments)
    {
        var tools = (await Command.RunAsync(Repository.File("deploy", "local", "tools", "containerd"), [])).Succeeded().Trim();
        (await Command.RunAsync(
            Path.Combine(tools, "ctr"), ["--address", Repository.File(".local", "run", "containerd.sock"), "--namespace", "k8s.io", "images", .. arguments])).Succeeded();
    }
}
