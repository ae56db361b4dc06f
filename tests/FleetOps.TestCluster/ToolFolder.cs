using System.Diagnostics;

namespace FleetOps.TestCluster;

/// <summary>Finds the programs of the fixtures: in a folder named by the environment, else by the scripts of <c>deploy/local/tools</c>.</summary>
internal static class ToolFolder
{
    /// <summary>Exit status by which a tool script says that its tool cannot be had, whatever is done.</summary>
    private const int CannotBeHad = 3;

    /// <summary>The path of <paramref name="program"/>, from the folder in <paramref name="variable"/> or the one that <c>deploy/local/tools/<paramref name="script"/></c> prints.</summary>
    /// <exception cref="ToolUnavailableException">The program is not there and cannot be made.</exception>
    public static async Task<string> FindAsync(string program, string variable, string script, CancellationToken cancellationToken)
    {
        var named = Environment.GetEnvironmentVariable(variable);
        var folder = string.IsNullOrEmpty(named) ? await RestoreAsync(script, cancellationToken) : named;
        var path = Path.Combine(folder, program);
        return File.Exists(path)
            ? path
            : throw new ToolUnavailableException(string.IsNullOrEmpty(named)
                ? $"deploy/local/tools/{script} printed '{folder}', which holds no {program}"
                : $"{variable} is '{named}', which holds no {program}; name a folder that does, or unset it to have FleetOps make its own");
    }

    private static async Task<string> RestoreAsync(string script, CancellationToken cancellationToken)
    {
        var path = Path.Combine(RepositoryRoot(), "deploy", "local", "tools", script);
        using var process = Process.Start(new ProcessStartInfo(path) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })
            ?? throw new ToolUnavailableException($"{path} could not be started");
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode == 0)
        {
            return (await output).Trim();
        }

        var said = (await errors).Trim();
        var reason = said[(said.LastIndexOf('\n') + 1)..];
        throw new ToolUnavailableException(process.ExitCode == CannotBeHad ? reason : $"{path} failed with exit code {process.ExitCode}: {said}");
    }

    private static string RepositoryRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "FleetOps.sln")))
            {
                return folder.FullName;
            }
        }

        throw new ToolUnavailableException($"No folder above '{AppContext.BaseDirectory}' holds FleetOps.sln, so the tool scripts cannot be found; name the programs by KUBEBUILDER_ASSETS and FLEETOPS_CRD_SERVER");
    }
}
