using System.Diagnostics;
using System.Text.Json.Nodes;

namespace FleetOps.EndToEnd.Tests;

/// <summary>The cluster as a person at a terminal sees it: every call is a run of kubectl. Thread-safe.</summary>
internal sealed class Kubectl(string program, string kubeconfig, string? context, string @namespace)
{
    public string Namespace => @namespace;

    public Kubectl In(string otherNamespace) => new(program, kubeconfig, context, otherNamespace);

    public Task<Command> TryAsync(string[] arguments, string? input = null, TimeSpan? limit = null) =>
        Command.RunAsync(program, [.. Target(), .. arguments], input, limit);

    /// <summary>A run that goes on until it is killed, with its output to be read.</summary>
    public Process Start(params string[] arguments) =>
        Process.Start(new ProcessStartInfo(program, [.. Target(), .. arguments]) { RedirectStandardOutput = true, UseShellExecute = false })!;

    public async Task<string> RunAsync(params string[] arguments) => (await TryAsync(arguments)).Succeeded().TrimEnd();

    public async Task<string> ApplyAsync(string manifest) => (await TryAsync(["apply", "-f", "-"], manifest)).Succeeded();

    public async Task<JsonNode> GetAsync(string kind, string name) =>
        JsonNode.Parse(await RunAsync("get", kind, name, "-o", "json"))!;

    public async Task<IReadOnlyList<JsonNode>> ListAsync(string kind, string selector) =>
        [.. JsonNode.Parse(await RunAsync("get", kind, "-l", selector, "-o", "json"))!["items"]!.AsArray().Select(item => item!)];

    public async Task WaitAsync(string resource, string condition, TimeSpan limit) =>
        (await TryAsync(["wait", resource, $"--for={condition}", $"--timeout={limit.TotalSeconds:F0}s"], limit: limit + TimeSpan.FromSeconds(10))).Succeeded();

    private IEnumerable<string> Target()
    {
        yield return "--kubeconfig";
        yield return kubeconfig;
        if (context is not null)
        {
            yield return "--context";
            yield return context;
        }

        yield return "--namespace";
        yield return @namespace;
    }
}
