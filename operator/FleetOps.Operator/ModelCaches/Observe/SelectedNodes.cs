using FleetOps.ControllerRuntime.Informers;
using k8s.Models;

namespace FleetOps.Operator.ModelCaches.Observe;

/// <summary>Finds nodes by their labels. Thread-safe.</summary>
/// <param name="nodes">The nodes; null when the operator may not read them.</param>
internal sealed class SelectedNodes(IStore<V1Node>? nodes)
{
    /// <summary>Names of the nodes that have all labels, in order; null when nodes are not watched.</summary>
    public IReadOnlyList<string>? Find(IReadOnlyDictionary<string, string> labels) => nodes is null
        ? null
        : [.. nodes.List().Where(node => labels.All(label => Label(node, label.Key) == label.Value)).Select(node => node.Metadata.Name).Order(StringComparer.Ordinal)];

    private static string? Label(V1Node node, string name) =>
        node.Metadata.Labels is { } labels && labels.TryGetValue(name, out var value) ? value : null;
}
