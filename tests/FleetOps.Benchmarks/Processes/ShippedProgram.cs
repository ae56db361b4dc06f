using System.Security.Cryptography;
using System.Text;
using FleetOps.Benchmarks.Reports;

namespace FleetOps.Benchmarks.Processes;

/// <summary>Finds a program to measure: the shipped one, compiled ahead of time, or the one of development.</summary>
/// <param name="Name">What people call it; the name of its folders in artifacts/bench.</param>
/// <param name="Source">The folder that holds all its sources.</param>
/// <param name="Project">The folder of its project in there.</param>
/// <param name="FileName">The name of its file.</param>
/// <param name="Properties">What publishing sets besides ahead-of-time compilation.</param>
internal sealed record ShippedProgram(string Name, string Source, string Project, string FileName, IReadOnlyList<string> Properties)
{
    private const int Kept = 3;

    public static ShippedProgram Operator { get; } = new("operator", "operator", "FleetOps.Operator", "fleetops-operator", ["-p:FleetOpsAotClient=true"]);

    public static ShippedProgram Worker { get; } = new("worker", "inference-worker", "FleetOps.InferenceWorker", "fleetops-worker", []);

    /// <summary>The path of the program. The shipped one is published once for each state of its sources.</summary>
    /// <param name="jit">Whether to take the program of development, which needs no publishing.</param>
    /// <param name="cancel">Gives up.</param>
    public async Task<string> FindAsync(bool jit, CancellationToken cancel)
    {
        if (jit)
        {
            var built = Repository.Path(Source, Project, "bin", "Release", "net10.0", FileName);
            return File.Exists(built) ? built : throw new InvalidOperationException($"{built} is not there; build the benchmarks in the Release configuration first.");
        }

        var bench = Repository.Path("artifacts", "bench");
        var folder = Path.Combine(bench, $"{Name}-{HashInputs()}");
        var program = Path.Combine(folder, FileName);
        if (!File.Exists(program))
        {
            Progress.Say($"publishing the {Name} (Native AOT, about three minutes)");
            await PublishAsync(folder, cancel);
            RemoveOlder(bench, folder);
        }

        return program;
    }

    // As deploy/images/build publishes it.
    private async Task PublishAsync(string folder, CancellationToken cancel)
    {
        var partial = folder + ".partial";
        if (Directory.Exists(partial))
        {
            Directory.Delete(partial, recursive: true);
        }

        await Command.RunAsync(
            "dotnet",
            [
                "publish", Repository.Path(Source, Project), "-c", "Release", "-r", "linux-x64", "-o", partial,
                "--artifacts-path", Repository.Path("artifacts", "publish", "build"), "--disable-build-servers", "-v", "quiet",
                "-p:PublishDocumentationFiles=false", "-p:CopyOutputSymbolsToPublishDirectory=false", "-p:PublishAot=true", .. Properties,
            ],
            cancel);
        Directory.Move(partial, folder);
    }

    private string HashInputs()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        string[] shared = ["Directory.Build.props", "Directory.Packages.props", "global.json"];
        var sources = Directory.EnumerateFiles(Repository.Path(Source), "*", SearchOption.AllDirectories)
            .Where(file => !Repository.Relative(file).Split('/').Any(part => part is "bin" or "obj"));
        foreach (var file in shared.Select(name => Repository.Path(name)).Concat(sources).Order(StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes(Repository.Relative(file)));
            hash.AppendData(SHA256.HashData(File.ReadAllBytes(file)));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset())[..12];
    }

    private void RemoveOlder(string bench, string present)
    {
        foreach (var folder in new DirectoryInfo(bench).GetDirectories(Name + "-*").Where(d => d.FullName != present).OrderByDescending(d => d.LastWriteTimeUtc).Skip(Kept - 1))
        {
            folder.Delete(recursive: true);
        }
    }
}
