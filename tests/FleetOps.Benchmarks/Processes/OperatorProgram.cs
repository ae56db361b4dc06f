using System.Security.Cryptography;
using System.Text;
using FleetOps.Benchmarks.Reports;

namespace FleetOps.Benchmarks.Processes;

/// <summary>Finds the operator's program: the shipped one, compiled ahead of time, or the one of development.</summary>
internal static class OperatorProgram
{
    private const int Kept = 3;
    private const string FolderPrefix = "operator-";

    /// <summary>The path of the program. The shipped one is published once for each state of its sources.</summary>
    /// <param name="jit">Whether to take the program of development, which needs no publishing.</param>
    /// <param name="cancel">Gives up.</param>
    public static async Task<string> FindAsync(bool jit, CancellationToken cancel)
    {
        if (jit)
        {
            var built = Repository.Path("operator", "FleetOps.Operator", "bin", "Release", "net10.0", "fleetops-operator");
            return File.Exists(built) ? built : throw new InvalidOperationException($"{built} is not there; build the benchmarks in the Release configuration first.");
        }

        var bench = Repository.Path("artifacts", "bench");
        var folder = Path.Combine(bench, FolderPrefix + HashInputs());
        var program = Path.Combine(folder, "fleetops-operator");
        if (!File.Exists(program))
        {
            Progress.Say("publishing the operator (Native AOT, about three minutes)");
            await PublishAsync(folder, cancel);
            RemoveOlder(bench, folder);
        }

        return program;
    }

    // As deploy/images/build publishes it.
    private static async Task PublishAsync(string folder, CancellationToken cancel)
    {
        var partial = folder + ".partial";
        if (Directory.Exists(partial))
        {
            Directory.Delete(partial, recursive: true);
        }

        await Command.RunAsync(
            "dotnet",
            [
                "publish", Repository.Path("operator", "FleetOps.Operator"), "-c", "Release", "-r", "linux-x64", "-o", partial,
                "--artifacts-path", Repository.Path("artifacts", "publish", "build"), "--disable-build-servers", "-v", "quiet",
                "-p:PublishDocumentationFiles=false", "-p:CopyOutputSymbolsToPublishDirectory=false", "-p:FleetOpsAotClient=true", "-p:PublishAot=true",
            ],
            cancel);
        Directory.Move(partial, folder);
    }

    private static string HashInputs()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        string[] shared = ["Directory.Build.props", "Directory.Packages.props", "global.json"];
        var sources = Directory.EnumerateFiles(Repository.Path("operator"), "*", SearchOption.AllDirectories)
            .Where(file => !Repository.Relative(file).Split('/').Any(part => part is "bin" or "obj"));
        foreach (var file in shared.Select(name => Repository.Path(name)).Concat(sources).Order(StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes(Repository.Relative(file)));
            hash.AppendData(SHA256.HashData(File.ReadAllBytes(file)));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset())[..12];
    }

    private static void RemoveOlder(string bench, string present)
    {
        foreach (var folder in new DirectoryInfo(bench).GetDirectories(FolderPrefix + "*").Where(d => d.FullName != present).OrderByDescending(d => d.LastWriteTimeUtc).Skip(Kept - 1))
        {
            folder.Delete(recursive: true);
        }
    }
}
