using FleetOps.ControllerRuntime.Informers;
using k8s.Models;

namespace FleetOps.Operator.ModelCaches.Observe;

/// <summary>Finds nodes by their labels. Thread-safe.</summary>
/// <param name="nodes">The nodes; null when the operator may not read them.</param>
internal sealed class SelectedNodes(IStore<V1Node>? nodes)
{
    /// <summary>The nodes that have all labels, by their names in order; null when nodes are not watched.</summary>
    public IReadOnlyList<V1Node>? Find(IReadOnlyDictionary<string, string> labels) => nodes is null
        ? null
        : [.. nodes.List().Where(node => labels.All(label => Label(node, label.Key) == label.Value)).OrderBy(node => node.Metadata.Name, StringComparer.Ordinal)];

    /// <summary>Tells a node from one that was joined, or set up, under the same name before.</summary>
    public static string IdentityOf(V1Node node) => $"{node.Metadata.Uid}/{node.Status?.NodeInfo?.MachineID}";

    private static string? Label(V1Node node, string name) =>
        node.Metadata.Labels is { } labels && labels.TryGetValue(name, out var value) ? value : null;
}
