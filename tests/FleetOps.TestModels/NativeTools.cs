using System.Diagnostics;

namespace FleetOps.TestModels;

/// <summary>Finds what tests need from <c>inference-worker/native</c>, and restores it when it is missing.</summary>
public static class NativeTools
{
    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, (string? Folder, string Reason)> Found = new(StringComparer.Ordinal);

    /// <summary>The folder of llama.cpp's libraries and the shim; null with a reason when it cannot be had.</summary>
    public static string? Libraries(out string reason) => Find("restore", "FLEETOPS_NATIVE", out reason);

    /// <summary>The folder of llama.cpp's own server.</summary>
    public static string? LlamaServer(out string reason) => Find("llama-server", "FLEETOPS_LLAMA_SERVER", out reason);

    /// <summary>The source tree of llama.cpp.</summary>
    public static string? LlamaSource(out string reason) => Find("llama-source", "FLEETOPS_LLAMA_SOURCE", out reason);

    /// <summary>The folder of libggml-cuda.so.</summary>
    public static string? CudaLibraries(out string reason) => Find("cuda-libraries", "FLEETOPS_CUDA_LIBRARIES", out reason);

    /// <summary>The folder of stubs of the CUDA libraries.</summary>
    public static string? CudaStubs(out string reason) => Find("cuda-stubs", "FLEETOPS_CUDA_STUBS", out reason);

    /// <summary>The root of the repository.</summary>
    public static string RepositoryRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "FleetOps.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"No folder above '{AppContext.BaseDirectory}' holds FleetOps.sln; run the tests from their build folder in the repository.");
    }

    private static string? Find(string script, string variable, out string reason)
    {
        reason = "";
        if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } given)
        {
            return given;
        }

        lock (Gate)
        {
            if (!Found.TryGetValue(script, out var known))
            {
                Found[script] = known = Run(script);
            }

            reason = known.Reason;
            return known.Folder;
        }
    }

    private static (string? Folder, string Reason) Run(string script)
    {
        var start = new ProcessStartInfo(Path.Combine(RepositoryRoot(), "inference-worker", "native", script))
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var folder = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return process.ExitCode == 0
            ? (folder, "")
            : (null, $"inference-worker/native/{script} failed with {process.ExitCode}: {errors.Result.Trim()}");
    }
}
