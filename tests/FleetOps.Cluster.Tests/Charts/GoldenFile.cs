using System.Runtime.CompilerServices;

namespace FleetOps.Cluster.Tests.Charts;

/// <summary>Compares with a file beside the test. With FLEETOPS_UPDATE_GOLDEN=1 the file is written instead.</summary>
internal static class GoldenFile
{
    public static void AssertMatches(string actual, string name, [CallerFilePath] string test = "")
    {
        var path = Path.Combine(Path.GetDirectoryName(test)!, "Golden", name);
        if (Environment.GetEnvironmentVariable("FLEETOPS_UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(path, actual);
        }

        Assert.True(File.Exists(path), $"{path} does not exist; run the test with FLEETOPS_UPDATE_GOLDEN=1 to write it.");
        var expected = File.ReadAllText(path).Split('\n');
        var lines = actual.Split('\n');
        var first = Enumerable.Range(0, Math.Max(lines.Length, expected.Length)).FirstOrDefault(i => lines.ElementAtOrDefault(i) != expected.ElementAtOrDefault(i), -1);
        Assert.True(first < 0, $"{name}:{first + 1} says\n  {expected.ElementAtOrDefault(first)}\nbut the chart renders\n  {lines.ElementAtOrDefault(first)}\nIf that is wanted, run the test with FLEETOPS_UPDATE_GOLDEN=1.");
    }
}
