using System.Diagnostics.CodeAnalysis;

namespace FleetOps.InferenceWorker.Engine.Requests;

/// <summary>Requests that wait for a slot: first come, first served, bounded, and open in the middle for those that give up. Safe for concurrent use.</summary>
internal sealed class RequestQueue(int capacity)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<Generation> _order = new();
    private readonly Dictionary<Generation, LinkedListNode<Generation>> _nodes = [];
    private bool _closed;

    /// <summary>How many may wait.</summary>
    public int Capacity { get; } = capacity;

    /// <summary>How many wait.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _nodes.Count;
            }
        }
    }

    /// <summary>Adds a request at the end; fails if the queue is full or closed.</summary>
    public bool TryEnqueue(Generation generation)
    {
        lock (_lock)
        {
            if (_closed || _nodes.Count >= Capacity)
            {
                return false;
            }

            _nodes.Add(generation, _order.AddLast(generation));
            return true;
        }
    }

    /// <summary>Takes the request that has waited longest.</summary>
    public bool TryDequeue([NotNullWhen(true)] out Generation? generation)
    {
        lock (_lock)
        {
            generation = _order.First?.Value;
            if (generation is null)
            {
                return false;
            }

            _order.RemoveFirst();
            return _nodes.Remove(generation);
        }
    }

    /// <summary>Takes out a request that gave up; false if it is not waiting (any more).</summary>
    public bool Remove(Generation generation)
    {
        lock (_lock)
        {
            if (!_nodes.Remove(generation, out var node))
            {
                return false;
            }

            _order.Remove(node);
            return true;
        }
    }

    /// <summary>Takes no more requests and returns those that were waiting.</summary>
    public IReadOnlyList<Generation> Close()
    {
        lock (_lock)
        {
            _closed = true;
            Generation[] waiting = [.. _order];
            _order.Clear();
            _nodes.Clear();
            return waiting;
        }
    }
}
