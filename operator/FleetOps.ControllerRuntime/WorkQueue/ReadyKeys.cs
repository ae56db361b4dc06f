using System.Diagnostics.CodeAnalysis;

namespace FleetOps.ControllerRuntime.WorkQueue;

/// <summary>
/// Keys that wait to be taken, each once. Normal priority goes before low, groups take turns, and within a group it is first come, first
/// served. So that low keys do not starve under a steady stream of changes, each 16th key taken is one of them. Not thread-safe.
/// </summary>
internal sealed class ReadyKeys<TKey>(Func<TKey, string> groupOf)
    where TKey : notnull
{
    /// <summary>How many normal keys are taken in a row while low ones wait.</summary>
    public const int NormalInARow = 15;

    private readonly Dictionary<TKey, Place> _places = [];
    private readonly Turns _normal = new();
    private readonly Turns _low = new();
    private int _normalInARow;

    public int Count => _places.Count;

    public IReadOnlyCollection<TKey> Keys => _places.Keys;

    public bool Contains(TKey key) => _places.ContainsKey(key);

    /// <summary>Adds a key that does not wait yet.</summary>
    public void Add(TKey key, QueuePriority priority) => _places.Add(key, new(priority, TurnsOf(priority).Add(groupOf(key), key)));

    /// <summary>Makes a waiting low key a normal one, the last of its group; false when there is nothing to raise.</summary>
    public bool TryRaise(TKey key)
    {
        if (!_places.TryGetValue(key, out var place) || place.Priority == QueuePriority.Normal)
        {
            return false;
        }

        var group = groupOf(key);
        _low.Remove(group, place.Node);
        _places[key] = new(QueuePriority.Normal, _normal.Add(group, key));
        return true;
    }

    public bool TryTake([MaybeNullWhen(false)] out TKey key)
    {
        var lowIsDue = _normalInARow >= NormalInARow && !_low.IsEmpty;
        var turns = _normal.IsEmpty || lowIsDue ? _low : _normal;
        _normalInARow = turns == _normal && !_low.IsEmpty ? _normalInARow + 1 : 0;
        if (!turns.TryTake(out key))
        {
            return false;
        }

        _places.Remove(key);
        return true;
    }

    public void Clear()
    {
        _places.Clear();
        _normal.Clear();
        _low.Clear();
        _normalInARow = 0;
    }

    private Turns TurnsOf(QueuePriority priority) => priority == QueuePriority.Low ? _low : _normal;

    private readonly record struct Place(QueuePriority Priority, LinkedListNode<TKey> Node);

    /// <summary>The waiting keys of one priority: the groups that have any stand in a row, the first is served and goes to the end.</summary>
    private sealed class Turns
    {
        private readonly Dictionary<string, LinkedListNode<Group>> _byName = new(StringComparer.Ordinal);
        private readonly LinkedList<Group> _row = new();

        public bool IsEmpty => _row.Count == 0;

        public LinkedListNode<TKey> Add(string name, TKey key)
        {
            if (!_byName.TryGetValue(name, out var group))
            {
                _byName[name] = group = _row.AddLast(new Group(name, new LinkedList<TKey>()));
            }

            return group.Value.Keys.AddLast(key);
        }

        public void Remove(string name, LinkedListNode<TKey> key)
        {
            var group = _byName[name];
            group.Value.Keys.Remove(key);
            if (group.Value.Keys.Count == 0)
            {
                _row.Remove(group);
                _byName.Remove(name);
            }
        }

        public bool TryTake([MaybeNullWhen(false)] out TKey key)
        {
            if (_row.First is not { } group)
            {
                key = default;
                return false;
            }

            var first = group.Value.Keys.First!;
            key = first.Value;
            group.Value.Keys.RemoveFirst();
            _row.Remove(group);
            if (group.Value.Keys.Count > 0)
            {
                _row.AddLast(group);
            }
            else
            {
                _byName.Remove(group.Value.Name);
            }

            return true;
        }

        public void Clear()
        {
            _byName.Clear();
            _row.Clear();
        }

        private sealed record Group(string Name, LinkedList<TKey> Keys);
    }
}
