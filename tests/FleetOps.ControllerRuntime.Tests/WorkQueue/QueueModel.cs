using FleetOps.ControllerRuntime.WorkQueue;

namespace FleetOps.ControllerRuntime.Tests.WorkQueue;

/// <summary>
/// A work queue that searches instead of remembering: the next key is the oldest of the group that was served longest ago, where a group that
/// has just got its first key counts as just served.
/// </summary>
internal sealed class QueueModel(int groups)
{
    private readonly Dictionary<(QueuePriority, int), int> _served = [];
    private int _now;
    private int _order;
    private int _normalInARow;

    public Dictionary<int, (QueuePriority Priority, int Order)> Ready { get; } = [];

    public HashSet<int> Working { get; } = [];

    public Dictionary<int, QueuePriority> Again { get; } = [];

    public Dictionary<int, (int At, int Order, QueuePriority Priority)> Due { get; } = [];

    public void Add(int key, QueuePriority priority)
    {
        if (Working.Contains(key))
        {
            Again[key] = Again.TryGetValue(key, out var known) && known > priority ? known : priority;
        }
        else if (!Ready.TryGetValue(key, out var place) || place.Priority < priority)
        {
            Ready.Remove(key);
            if (!Waiting(priority).Any(other => other % groups == key % groups))
            {
                _served[(priority, key % groups)] = _order++;
            }

            Ready[key] = (priority, _order++);
        }
    }

    public void AddAfter(int key, int delay, QueuePriority priority)
    {
        if (delay == 0)
        {
            Add(key, priority);
            return;
        }

        var known = Due.TryGetValue(key, out var due);
        var highest = known && due.Priority > priority ? due.Priority : priority;
        Due[key] = known && due.At <= _now + delay ? due with { Priority = highest } : (_now + delay, _order++, highest);
    }

    public void Advance(int seconds)
    {
        _now += seconds;
        foreach (var (key, due) in Due.Where(pair => pair.Value.At <= _now).OrderBy(pair => (pair.Value.At, pair.Value.Order)).ToList())
        {
            Due.Remove(key);
            Add(key, due.Priority);
        }
    }

    public int Take()
    {
        var normal = Waiting(QueuePriority.Normal).ToList();
        var low = Waiting(QueuePriority.Low).ToList();
        var isLow = normal.Count == 0 || (low.Count > 0 && _normalInARow >= 15);
        _normalInARow = isLow || low.Count == 0 ? 0 : _normalInARow + 1;
        var priority = isLow ? QueuePriority.Low : QueuePriority.Normal;
        var key = (isLow ? low : normal).OrderBy(one => _served[(priority, one % groups)]).ThenBy(one => Ready[one].Order).First();
        _served[(priority, key % groups)] = _order++;
        Ready.Remove(key);
        Working.Add(key);
        return key;
    }

    public void Done(int key)
    {
        Working.Remove(key);
        if (Again.Remove(key, out var priority))
        {
            Add(key, priority);
        }
    }

    private IEnumerable<int> Waiting(QueuePriority priority) => Ready.Where(pair => pair.Value.Priority == priority).Select(pair => pair.Key);
}
