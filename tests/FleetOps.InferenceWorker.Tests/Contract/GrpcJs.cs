using System.Diagnostics;
using System.Text.Json;
using FleetOps.TestModels;

namespace FleetOps.InferenceWorker.Tests.Contract;

/// <summary>@grpc/grpc-js, a client that was written by others in another language, as a child process.</summary>
internal static class GrpcJs
{
    private static readonly string Folder = Path.Combine(NativeTools.RepositoryRoot(), "tests", "FleetOps.InferenceWorker.Tests", "Contract", "grpc-js");

    /// <summary>Runs its script against a worker; returns what it told, by its name.</summary>
    /// <param name="address">HOST:PORT of the worker.</param>
    /// <param name="ca">PEM file of the authority for TLS; null for plain text.</param>
    /// <param name="token">The bearer token; null for none.</param>
    public static async Task<IReadOnlyDictionary<string, JsonElement>> RunAsync(string address, string? ca = null, string? token = null)
    {
        var packages = await RunAsync(Path.Combine(Folder, "restore"), [], environment: null);
        Assert.SkipWhen(packages.Code != 0, $"@grpc/grpc-js cannot be had: {packages.Errors.Trim()}");
        using var settings = new MemoryStream();
        await using (var json = new Utf8JsonWriter(settings))
        {
            json.WriteStartObject();
            json.WriteString("address", address);
            json.WriteString("ca", ca);
            json.WriteString("token", token);
            json.WriteEndObject();
        }

        var run = await RunAsync(
            "node", [Path.Combine(Folder, "contract.js"), System.Text.Encoding.UTF8.GetString(settings.ToArray())], ("NODE_PATH", Path.Combine(packages.Output.Trim(), "node_modules")));
        Assert.True(run.Code == 0, run.Output + run.Errors);
        return run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement)
            .ToDictionary(line => line.GetProperty("what").GetString()!, line => line.TryGetProperty("value", out var value) ? value : default, StringComparer.Ordinal);
    }

    private static async Task<(int Code, string Output, string Errors)> RunAsync(string program, IEnumerable<string> arguments, (string Name, string Value)? environment)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        if (environment is { } variable)
        {
            start.Environment[variable.Name] = variable.Value;
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output, await errors);
    }
}
