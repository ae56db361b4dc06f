using k8s;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Informers;

/// <summary>Finds keys by a value computed from the object. Not thread-safe; the store guards it.</summary>
internal sealed class StoreIndex<T>(Func<T, IEnumerable<string>> values)
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    private readonly Dictionary<string, HashSet<ObjectKey>> _keys = new(StringComparer.Ordinal);

    public IEnumerable<ObjectKey> Keys(string value) => _keys.TryGetValue(value, out var keys) ? keys : [];

    /// <summary>Follows an object from its old version (null: none) to its new one (null: gone).</summary>
    public void Move(ObjectKey key, T? old, T? entity)
    {
        // The function is pure, so the old values can be computed again instead of being kept for every object.
        foreach (var value in ValuesOf(old))
        {
            if (_keys.TryGetValue(value, out var keys) && keys.Remove(key) && keys.Count == 0)
            {
                _keys.Remove(value);
            }
        }

        foreach (var value in ValuesOf(entity))
        {
            if (!_keys.TryGetValue(value, out var keys))
            {
                _keys[value] = keys = [];
            }

            keys.Add(key);
        }
    }

    // An index over an odd object must not stop the informer; such an object is just not found by this index.
    private IEnumerable<string> ValuesOf(T? entity)
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
