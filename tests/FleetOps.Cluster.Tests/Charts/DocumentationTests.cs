using FleetOps.Cluster.Tests.Support;

namespace FleetOps.Cluster.Tests.Charts;

/// <summary>The tables in the READMEs of the charts say what the charts are made of.</summary>
public sealed class DocumentationTests
{
    private static readonly string Script = Repository.Path("charts", "docs");

    [Fact]
    public async Task Every_table_is_as_values_and_catalogue_say()
    {
        var (code, _, error) = await Helm.RunAsync(Script, ["--check"]);

        Assert.True(code == 0, error);
    }

    [Theory]
    [InlineData("replicas: 1\n", "values.yaml:1: replicas has no comment above it")]
    [InlineData("# What it is.\nreplicas: 1\nnodes:\n  count: 2\n", "values.yaml:4: nodes.count has no comment above it")]
    [InlineData("# Names.\nnames:\n- first\n", "values.yaml:3: write a value on the line of its key: - first")]
    public async Task A_value_that_nobody_documented_is_named_with_its_line(string values, string told)
    {
        using var charts = new ChartFolder(values);

        var (code, _, error) = await Helm.RunAsync(charts.Script, []);

        Assert.NotEqual(0, code);
        Assert.Contains(told, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_table_that_has_fallen_behind_is_shown_and_can_be_made_anew()
    {
        using var charts = new ChartFolder("# How many.\nreplicas: 1\nimage:\n  # Which one, a|b.\n  name: \"\"\n");

        var (behind, difference, error) = await Helm.RunAsync(charts.Script, ["--check"]);
        Assert.Equal(1, behind);
        Assert.Contains("+| `replicas` | `1` | How many. |", difference, StringComparison.Ordinal);
        Assert.Contains("make chart-docs", error, StringComparison.Ordinal);

        Assert.Equal(0, (await Helm.RunAsync(charts.Script, [])).ExitCode);
        Assert.Equal(0, (await Helm.RunAsync(charts.Script, ["--check"])).ExitCode);
        Assert.Contains("| `image.name` | `\"\"` | Which one, a\\|b. |", await File.ReadAllTextAsync(charts.Readme, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    /// <summary>The script beside a chart of nothing but values and a README.</summary>
    private sealed class ChartFolder : IDisposable
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("fleetops-charts-");

        public ChartFolder(string values)
        {
            File.Copy(DocumentationTests.Script, Script);
            var chart = _folder.CreateSubdirectory("small").FullName;
            File.WriteAllText(Path.Combine(chart, "values.yaml"), values);
            File.WriteAllText(Readme, "# Small\n\n<!-- values: made by charts/docs -->\n<!-- end of values -->\n");
        }

        public string Script => Path.Combine(_folder.FullName, "docs");

        public string Readme => Path.Combine(_folder.FullName, "small", "README.md");

        public void Dispose() => _folder.Delete(recursive: true);
    }
}
