using System.Diagnostics.CodeAnalysis;

namespace FleetOps.ControllerRuntime.Events;

/// <summary>A dictionary of bounded size that forgets what was used least recently. Not thread-safe.</summary>
internal sealed class RecentlyUsed<TKey, TValue>(int capacity)
    where TKey : notnull
    where TValue : class
{
    private readonly Dictionary<TKey, LinkedListNode<(TKey Key, TValue Value)>> _nodes = [];
    private readonly LinkedList<(TKey Key, TValue Value)> _order = new();

    public int Count => _nodes.Count;

    public bool TryGet(TKey key, [NotNullWhen(true)] out TValue? value)
    {
        if (!_nodes.TryGetValue(key, out var node))
        {
            value = null;
            return false;
        }

        _order.Remove(node);
        _order.AddFirst(node);
        value = node.Value.Value;
        return true;
    }

    public void Set(TKey key, TValue value)
    {
        Remove(key);
        _nodes[key] = _order.AddFirst((key, value));
        if (_nodes.Count > capacity)
        {
            _nodes.Remove(_order.Last!.Value.Key);
            _order.RemoveLast();
        }
    }

    public void Remove(TKey key)
    {
        if (_nodes.Remove(key, out var node))
        {
            _order.Remove(node);
        }
    }
}
