using System.Diagnostics;

namespace FleetOps.Cluster.Tests.Support;

/// <summary>The chart, rendered by the real Helm.</summary>
internal static class Helm
{
    /// <summary>The documents that the chart renders to. Skips the test when Helm cannot be had.</summary>
    public static async Task<string> TemplateAsync(params string[] arguments)
    {
        var (code, output, error) = await TryTemplateAsync(arguments);
        Assert.True(code == 0, error);
        return output;
    }

    /// <summary>The same, with Helm's own words where it refuses.</summary>
    public static Task<(int ExitCode, string Output, string Error)> TryTemplateAsync(params string[] arguments) =>
        TryAsync(["template", "fleetops", Repository.Path("charts", "fleetops"), "--namespace", "fleetops-system", .. arguments]);

    /// <summary>Runs Helm. Skips the test when it cannot be had.</summary>
    public static async Task<(int ExitCode, string Output, string Error)> TryAsync(params IEnumerable<string> arguments)
    {
        var folder = await RunAsync(Repository.Path("deploy", "local", "tools", "helm"), []);
        if (folder.ExitCode != 0)
        {
            Assert.Skip($"Helm cannot be had: {folder.Error.Trim()}");
        }

        return await RunAsync(Path.Combine(folder.Output.Trim(), "helm"), arguments);
    }

    public static async Task<(int ExitCode, string Output, string Error)> RunAsync(string program, IEnumerable<string> arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await error);
    }
}
