using System.Diagnostics.CodeAnalysis;

namespace FleetOps.InferenceWorker.Engine.Requests;

/// <summary>
/// Requests that wait for a slot. Those of a higher priority leave first. Among those of one priority the tenants take
/// turns, by the tokens that were computed for each: a tenant that asks for much waits, and one that asks for little does
/// not wait for it. The requests of a tenant, and of tenants that are equal, are first come, first served. Bounded in requests, in
/// those of each named tenant and in prompt tokens, and open in the middle for those that give up. Safe for concurrent use.
/// </summary>
internal sealed class RequestQueue(int capacity, long tokenCapacity = long.MaxValue, int tenantCapacity = int.MaxValue)
{
    private readonly Lock _lock = new();
    private readonly TenantTurns _turns = new();
    private readonly SortedList<int, Dictionary<string, LinkedList<Generation>>> _classes = new(Comparer<int>.Create(static (one, other) => other.CompareTo(one)));
    private readonly Dictionary<Generation, (LinkedListNode<Generation> Node, long Number)> _nodes = [];
    private long _arrivals;
    private long _tokens;
    private bool _closed;

    /// <summary>How many may wait.</summary>
    public int Capacity { get; } = capacity;

    /// <summary>How many prompt tokens may wait; one request may exceed it alone.</summary>
    public long TokenCapacity { get; } = tokenCapacity;

    /// <summary>How many of one tenant may wait, so that nobody fills the queue alone. Requests without a tenant are nobody's, and not bound by it.</summary>
    public int TenantCapacity { get; } = tenantCapacity;

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

    /// <summary>How many prompt tokens wait.</summary>
    public long Tokens
    {
        get
        {
            lock (_lock)
            {
                return _tokens;
            }
        }
    }

    /// <summary>Whether a prompt of so many tokens would be taken now.</summary>
    public bool HasRoom(string tenant, int promptTokens)
    {
        lock (_lock)
        {
            return !_closed && Fits(tenant, promptTokens);
        }
    }

    /// <summary>Whether as many requests of a tenant wait as may.</summary>
    public bool IsFullFor(string tenant)
    {
        lock (_lock)
        {
            return tenant.Length > 0 && _turns.WaitingOf(tenant) >= TenantCapacity;
        }
    }

    /// <summary>Adds a request at the end; fails if the queue is full or closed.</summary>
    public bool TryEnqueue(Generation generation)
    {
        lock (_lock)
        {
            var (tenant, priority) = (generation.Request.Tenant, generation.Request.Priority);
            if (_closed || !Fits(tenant, generation.Prompt.Length))
            {
                return false;
            }

            if (!_classes.TryGetValue(priority, out var tenants))
            {
                _classes.Add(priority, tenants = new Dictionary<string, LinkedList<Generation>>(StringComparer.Ordinal));
            }

            if (!tenants.TryGetValue(tenant, out var order))
            {
                tenants.Add(tenant, order = new LinkedList<Generation>());
            }

            _turns.Arrive(tenant);
            _nodes.Add(generation, (order.AddLast(generation), ++_arrivals));
            _tokens += generation.Prompt.Length;
            return true;
        }
    }

    /// <summary>Takes the request whose turn it is.</summary>
    public bool TryDequeue([NotNullWhen(true)] out Generation? generation)
    {
        lock (_lock)
        {
            generation = null;
            if (_classes.Count == 0)
            {
                return false;
            }

            generation = _classes.GetValueAtIndex(0).MinBy(tenant => (_turns.TokensOf(tenant.Key), _nodes[tenant.Value.First!.Value].Number)).Value.First!.Value;
            TakeOut(generation);
            _turns.Serve(generation.Request.Tenant, generation.Prompt.Length);
            return true;
        }
    }

    /// <summary>Takes out a request that gave up; false if it is not waiting (any more).</summary>
    public bool Remove(Generation generation)
    {
        lock (_lock)
        {
            return TakeOut(generation);
        }
    }

    /// <summary>Notes the tokens of an answer, which count for the tenant as those of its prompts do.</summary>
    public void Charge(Generation generation, int tokens)
    {
        lock (_lock)
        {
            _turns.Charge(generation.Request.Tenant, tokens);
        }
    }

    /// <summary>Takes no more requests and returns those that were waiting.</summary>
    public IReadOnlyList<Generation> Close()
    {
        lock (_lock)
        {
            _closed = true;
            Generation[] waiting = [.. _classes.Values.SelectMany(static tenants => tenants.Values).SelectMany(static order => order)];
            _classes.Clear();
            _nodes.Clear();
            _tokens = 0;
            return waiting;
        }
    }

    private bool Fits(string tenant, int promptTokens) => _nodes.Count < Capacity
        && (tenant.Length == 0 || _turns.WaitingOf(tenant) < TenantCapacity)
        && (_nodes.Count == 0 || _tokens + promptTokens <= TokenCapacity);

    private bool TakeOut(Generation generation)
    {
        if (!_nodes.Remove(generation, out var place))
        {
            return false;
        }

        var (tenant, priority) = (generation.Request.Tenant, generation.Request.Priority);
        var tenants = _classes[priority];
        var order = tenants[tenant];
        order.Remove(place.Node);
        _tokens -= generation.Prompt.Length;
        _turns.Leave(tenant);
        if (order.Count == 0)
        {
            tenants.Remove(tenant);
        }

        if (tenants.Count == 0)
        {
            _classes.Remove(priority);
        }

        return true;
    }
}
