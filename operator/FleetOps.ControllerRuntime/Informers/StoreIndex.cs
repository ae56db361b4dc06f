using k8s;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Informers;

/// <summary>Finds keys by a value computed from the object. Not thread-safe; the store guards it.</summary>
internal sealed class StoreIndex<T>(Func<T, IEnumerable<string>> values)
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    private const int FewKeys = 8;

    // Most values lead to one object; an array of one takes a fifth of what a set of one takes.
    private readonly Dictionary<string, ICollection<ObjectKey>> _keys = new(StringComparer.Ordinal);

    public IEnumerable<ObjectKey> Keys(string value) => _keys.TryGetValue(value, out var keys) ? keys : [];

    /// <summary>Follows an object from its old version (null: none) to its new one (null: gone).</summary>
    public void Move(ObjectKey key, T? old, T? entity)
    {
        // The function is pure, so the old values can be computed again instead of being kept for every object.
        var before = ValuesOf(old);
        var after = ValuesOf(entity);
        if (before.SequenceEqual(after, StringComparer.Ordinal))
        {
            return;
        }

        foreach (var value in before)
        {
            Remove(value, key);
        }

        foreach (var value in after)
        {
            Add(value, key);
        }
    }

    private void Add(string value, ObjectKey key)
    {
        if (!_keys.TryGetValue(value, out var keys))
        {
            _keys[value] = new[] { key };
        }
        else if (!keys.Contains(key))
        {
            if (keys is ObjectKey[] few)
            {
                _keys[value] = few.Length < FewKeys ? [.. few, key] : new HashSet<ObjectKey>(few) { key };
            }
            else
            {
                keys.Add(key);
            }
        }
    }

    private void Remove(string value, ObjectKey key)
    {
        if (!_keys.TryGetValue(value, out var keys) || !keys.Contains(key))
        {
            return;
        }

        if (keys.Count == 1)
        {
            _keys.Remove(value);
        }
        else if (keys is ObjectKey[] few)
        {
            _keys[value] = few.Where(other => other != key).ToArray();
        }
        else
        {
            keys.Remove(key);
        }
    }

    // An index over an odd object must not stop the informer; such an object is just not found by this index.
    private IReadOnlyList<string> ValuesOf(T? entity)
    {
        if (entity is null)
        {
            return [];
        }

        try
        {
            return [.. values(entity)];
        }
        catch (Exception e) when (e is NullReferenceException or ArgumentException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            return [];
        }
    }
}
