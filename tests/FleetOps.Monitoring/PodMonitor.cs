using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.Serialization;

namespace FleetOps.Monitoring;

/// <summary>A PodMonitor of the chart, and the scrape configuration that Prometheus' operator makes of such an object.</summary>
public sealed partial class PodMonitor
{
    private readonly Dictionary<object, object> _metadata;
    private readonly Dictionary<object, object> _spec;

    private PodMonitor(Dictionary<object, object> manifest) =>
        (_metadata, _spec) = ((Dictionary<object, object>)manifest["metadata"], (Dictionary<object, object>)manifest["spec"]);

    /// <summary>The PodMonitors among rendered manifests.</summary>
    public static IReadOnlyList<PodMonitor> In(string manifests)
    {
        var parser = new Parser(new StringReader(manifests));
        var deserializer = new DeserializerBuilder().Build();
        var found = new List<PodMonitor>();
        parser.Consume<StreamStart>();
        while (parser.Accept<DocumentStart>(out _))
        {
            if (deserializer.Deserialize<Dictionary<object, object>?>(parser) is { } manifest && (string)manifest["kind"] == nameof(PodMonitor))
            {
                found.Add(new(manifest));
            }
        }

        return found;
    }

    /// <summary>The name of a label or an annotation of a pod inside of the name of a label of Prometheus.</summary>
    public static string Sanitized(string name) => NotOfLabels().Replace(name, "_");

    /// <summary>One entry of `scrape_configs` in prometheus.yml for each endpoint.</summary>
    /// <param name="podsFile">A file of targets with the labels that Prometheus' discovery of pods gives them.</param>
    /// <param name="cluster">The label by which a Prometheus of several clusters tells them apart.</param>
    public IReadOnlyList<object> ScrapeConfigurations(string podsFile, string cluster) =>
    [
        .. ((List<object>)_spec["podMetricsEndpoints"]).Cast<Dictionary<object, object>>().Select((endpoint, index) => new Dictionary<string, object>
        {
            ["job_name"] = $"podMonitor/{_metadata["namespace"]}/{_metadata["name"]}/{index}",
            ["honor_labels"] = endpoint.TryGetValue("honorLabels", out var honors) ? honors : "false",
            ["metrics_path"] = endpoint["path"],
            ["scrape_interval"] = endpoint["interval"],
            ["scrape_timeout"] = endpoint["interval"],
            ["file_sd_configs"] = new[] { new Dictionary<string, object> { ["files"] = new[] { podsFile } } },
            ["relabel_configs"] = Relabelings(endpoint, cluster).ToList(),
        }),
    ];

    private IEnumerable<object> Relabelings(Dictionary<object, object> endpoint, string cluster)
    {
        var namespaces = _spec.TryGetValue("namespaceSelector", out var found) ? (Dictionary<object, object>)found : [];
        if (!namespaces.ContainsKey("any"))
        {
            var names = namespaces.TryGetValue("matchNames", out var listed) ? ((List<object>)listed).Cast<string>() : [(string)_metadata["namespace"]];
            yield return Keep("__meta_kubernetes_namespace", string.Join('|', names.Select(Regex.Escape)));
        }

        foreach (var (label, value) in Section("matchLabels"))
        {
            yield return Keep($"__meta_kubernetes_pod_label_{Sanitized((string)label)}", Regex.Escape((string)value));
        }

        foreach (Dictionary<object, object> expression in SectionList("matchExpressions"))
        {
            if ((string)expression["operator"] != "Exists")
            {
                throw new NotSupportedException($"The PodMonitor {_metadata["name"]} selects pods with {expression["operator"]}; teach it to this class.");
            }

            yield return Keep($"__meta_kubernetes_pod_labelpresent_{Sanitized((string)expression["key"])}", "true");
        }

        yield return Keep("__meta_kubernetes_pod_container_port_name", Regex.Escape((string)endpoint["port"]));
        yield return Keep("__meta_kubernetes_pod_phase", "Pending|Running");
        yield return Copy("__meta_kubernetes_namespace", "namespace");
        yield return Copy("__meta_kubernetes_pod_container_name", "container");
        yield return Copy("__meta_kubernetes_pod_name", "pod");
        foreach (Dictionary<object, object> relabeling in endpoint.TryGetValue("relabelings", out var own) ? (List<object>)own : [])
        {
            yield return new Dictionary<object, object>(relabeling.Select(static setting => new KeyValuePair<object, object>(SnakeCase((string)setting.Key), setting.Value)));
        }

        yield return new Dictionary<string, object> { ["target_label"] = "cluster", ["replacement"] = cluster };
    }

    private Dictionary<object, object> Section(string name) =>
        ((Dictionary<object, object>)_spec["selector"]).TryGetValue(name, out var section) ? (Dictionary<object, object>)section : [];

    private List<object> SectionList(string name) =>
        ((Dictionary<object, object>)_spec["selector"]).TryGetValue(name, out var section) ? (List<object>)section : [];

    private static Dictionary<string, object> Keep(string label, string expression) =>
        new() { ["source_labels"] = new[] { label }, ["regex"] = expression, ["action"] = "keep" };

    private static Dictionary<string, object> Copy(string label, string target) => new() { ["source_labels"] = new[] { label }, ["target_label"] = target };

    private static string SnakeCase(string name) => Capital().Replace(name, static match => "_" + match.Value.ToLowerInvariant());

    [GeneratedRegex("[^a-zA-Z0-9_]", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NotOfLabels();

    [GeneratedRegex("[A-Z]", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Capital();
}
