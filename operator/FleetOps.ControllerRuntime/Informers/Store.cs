using System.Collections.Concurrent;
using k8s;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Informers;

/// <summary>The informer's side of a store: one writer, any number of readers.</summary>
internal sealed class Store<T> : IStore<T>
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    private readonly ConcurrentDictionary<ObjectKey, T> _objects = new();
    private readonly ConcurrentDictionary<string, StoreIndex<T>> _indexes = new(StringComparer.Ordinal);
    private readonly StoreIndex<T> _owners = new(static entity => (entity.Metadata.OwnerReferences ?? []).Select(owner => owner.Uid).OfType<string>());
    private readonly Lock _gate = new();

    public int Count => _objects.Count;

    public T? Get(ObjectKey key) => _objects.GetValueOrDefault(key);

    public IReadOnlyList<T> List() => [.. _objects.Values];

    public IReadOnlyList<T> ByOwner(string ownerUid) => Find(_owners, ownerUid);

    public IReadOnlyList<T> ByIndex(string indexName, string value) =>
        _indexes.TryGetValue(indexName, out var index)
            ? Find(index, value)
            : throw new ArgumentException($"The store of {typeof(T).Name} has no index '{indexName}'; it has: {string.Join(", ", _indexes.Keys)}.", nameof(indexName));

    /// <summary>Adds an index over what is held now and what comes.</summary>
    public void AddIndex(string name, Func<T, IEnumerable<string>> values)
    {
        lock (_gate)
        {
            var index = new StoreIndex<T>(values);
            foreach (var (key, entity) in _objects)
            {
                index.Move(key, null, entity);
            }

            if (!_indexes.TryAdd(name, index))
            {
                throw new ArgumentException($"The store of {typeof(T).Name} already has an index '{name}'.", nameof(name));
            }
        }
    }

    public IEnumerable<ObjectKey> Keys => _objects.Keys;

    /// <summary>Puts an object and returns the one that it replaced.</summary>
    public T? Put(ObjectKey key, T entity)
    {
        lock (_gate)
        {
            _objects.TryGetValue(key, out var old);
            _objects[key] = entity;
            Reindex(key, old, entity);
            return old;
        }
    }

    /// <summary>Takes an object out and returns it.</summary>
    public T? Remove(ObjectKey key)
    {
        lock (_gate)
        {
            if (_objects.TryRemove(key, out var old))
            {
                Reindex(key, old, null);
            }

            return old;
        }
    }

    private void Reindex(ObjectKey key, T? old, T? entity)
    {
        _owners.Move(key, old, entity);
        foreach (var index in _indexes.Values)
        {
            index.Move(key, old, entity);
        }
    }

    private List<T> Find(StoreIndex<T> index, string value)
    {
        lock (_gate)
        {
            return [.. index.Keys(value).Select(key => _objects[key])];
        }
    }
}
