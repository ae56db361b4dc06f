using FleetOps.ControllerRuntime.Informers;
using k8s.Models;

namespace FleetOps.Operator.ModelDeployments.Observe;

/// <summary>
/// What the nodes offer, summed up anew only when a change of a node changes that: not for each plan, and not when a node only tells that it
/// is alive. Thread-safe for readers; changes come one at a time.
/// </summary>
internal sealed class NodeGpus
{
    private readonly Dictionary<string, V1Node> _nodes = new(StringComparer.Ordinal);
    private volatile GpuOffers? _current;

    /// <summary>What is offered now; null until a node has been seen.</summary>
    public GpuOffers? Current => _current;

    /// <summary>Follows a change of a node, whose labels and allocatable resources are read.</summary>
    public void NodeChanged(Change<V1Node> change)
    {
        var name = change.Current.Metadata.Name;
        var before = _nodes.TryGetValue(name, out var known) ? GpuOffers.Of([known]) : null;
        if (change.Kind == ChangeKind.Deleted)
        {
            _nodes.Remove(name);
        }
        else
        {
            _nodes[name] = change.Current;
            if (before is not null && before.Equals(GpuOffers.Of([change.Current])))
            {
                return;
            }
        }

        var offers = GpuOffers.Of(_nodes.Values);
        if (!offers.Equals(_current))
        {
            _current = offers;
        }
    }
}
