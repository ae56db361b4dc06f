using System.Text.Json.Nodes;
using FleetOps.Monitoring;

namespace FleetOps.EndToEnd.Tests;

/// <summary>
/// Tells Prometheus, through a file, which pods there are, with the labels that its own discovery of pods (`kubernetes_sd_configs`, role pod) gives them.
/// Debian's build of Prometheus leaves that discovery out; what is made of the labels is Prometheus' work all the same.
/// </summary>
internal sealed class PodDiscovery : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);
    private readonly Kubectl _kubectl;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("fleetops-pods-");
    private readonly CancellationTokenSource _stop = new();
    private Task _watching = Task.CompletedTask;

    private PodDiscovery(Kubectl kubectl) => _kubectl = kubectl;

    /// <summary>Where the targets are.</summary>
    public string TargetsFile => Path.Combine(_folder.FullName, "pods.json");

    /// <summary>Lists the pods of the cluster once, and then again and again until the disposal.</summary>
    public static async Task<PodDiscovery> StartAsync(Kubectl kubectl)
    {
        var discovery = new PodDiscovery(kubectl);
        await discovery.ListAsync();
        discovery._watching = discovery.WatchAsync();
        return discovery;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watching;
        _stop.Dispose();
        _folder.Delete(recursive: true);
    }

    private async Task WatchAsync()
    {
        using var timer = new PeriodicTimer(Interval);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                await ListAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // The end.
        }
    }

    private async Task ListAsync()
    {
        var listed = await _kubectl.TryAsync(["get", "pods", "--all-namespaces", "-o", "json"]);
        if (listed.ExitCode == 0)
        {
            var targets = new JsonArray([.. JsonNode.Parse(listed.Output)!["items"]!.AsArray().SelectMany(static pod => Targets(pod!))]);
            // Prometheus reads the file whenever it changes, and never half of it.
            await File.WriteAllTextAsync(TargetsFile + ".new", targets.ToJsonString());
            File.Move(TargetsFile + ".new", TargetsFile, overwrite: true);
        }
    }

    private static IEnumerable<JsonNode> Targets(JsonNode pod) =>
        pod["status"]!["podIP"] is not { } address
            ? []
            : from container in pod["spec"]!["containers"]!.AsArray()
              from port in container!["ports"]?.AsArray() ?? []
              select new JsonObject { ["targets"] = new JsonArray($"{address}:{port!["containerPort"]}"), ["labels"] = Labels(pod, container!, port!) };

    private static JsonObject Labels(JsonNode pod, JsonNode container, JsonNode port)
    {
        var labels = new JsonObject
        {
            ["__meta_kubernetes_namespace"] = pod["metadata"]!["namespace"]!.ToString(),
            ["__meta_kubernetes_pod_name"] = pod["metadata"]!["name"]!.ToString(),
            ["__meta_kubernetes_pod_phase"] = pod["status"]!["phase"]!.ToString(),
            ["__meta_kubernetes_pod_container_name"] = container["name"]!.ToString(),
            ["__meta_kubernetes_pod_container_port_name"] = port["name"]?.ToString() ?? "",
        };
        foreach (var (kind, section) in new[] { ("label", "labels"), ("annotation", "annotations") })
        {
            foreach (var (name, value) in pod["metadata"]![section]?.AsObject() ?? [])
            {
                labels[$"__meta_kubernetes_pod_{kind}_{PodMonitor.Sanitized(name)}"] = value!.ToString();
                labels[$"__meta_kubernetes_pod_{kind}present_{PodMonitor.Sanitized(name)}"] = "true";
            }
        }

        return labels;
    }
}
