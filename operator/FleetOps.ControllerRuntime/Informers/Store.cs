using System.Collections.Concurrent;
using k8s;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Informers;

/// <summary>The informer's side of a store: any number of readers; what the server tells and what it answered to writes come together here.</summary>
internal sealed class Store<T>(Action<T> prepare) : IStore<T>
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    private readonly ConcurrentDictionary<ObjectKey, T> _objects = new();
    private readonly Dictionary<ObjectKey, Assumption> _assumed = [];
    private readonly Dictionary<string, ulong> _toldUpTo = new(StringComparer.Ordinal);
    private readonly Dictionary<string, StoreIndex<T>> _indexes = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private StoreIndex<T>? _owners;

    public int Count => _objects.Count;

    public IEnumerable<ObjectKey> Keys => _objects.Keys;

    public T? Get(ObjectKey key) => _objects.GetValueOrDefault(key);

    public IReadOnlyList<T> List() => [.. _objects.Values];

    public IReadOnlyList<T> ByOwner(string ownerUid)
    {
        lock (_gate)
        {
            // Made at the first question: an index over every object costs memory that most stores need not spend.
            _owners ??= IndexOf(static entity => (entity.Metadata.OwnerReferences ?? []).Select(owner => owner.Uid).OfType<string>());
            return Find(_owners, ownerUid);
        }
    }

    public IReadOnlyList<T> ByIndex(string indexName, string value)
    {
        lock (_gate)
        {
            return _indexes.TryGetValue(indexName, out var index)
                ? Find(index, value)
                : throw new ArgumentException($"The store of {typeof(T).Name} has no index '{indexName}'; it has: {string.Join(", ", _indexes.Keys)}.", nameof(indexName));
        }
    }

    /// <summary>Adds an index over what is held now and what comes.</summary>
    public void AddIndex(string name, Func<T, IEnumerable<string>> values)
    {
        lock (_gate)
        {
            if (!_indexes.TryAdd(name, IndexOf(values)))
            {
                throw new ArgumentException($"The store of {typeof(T).Name} already has an index '{name}'.", nameof(name));
            }
        }
    }

    public void Assume(T answer)
    {
        var key = ObjectKey.Of(answer);
        if (ResourceVersions.Of(answer) is not { } version)
        {
            return;
        }

        prepare(answer);
        lock (_gate)
        {
            // The watch may have been faster than the answer; then it has told this write, or even that the object is gone again.
            if (ToldUpTo(key.Namespace) >= version)
            {
                return;
            }

            var held = _objects.GetValueOrDefault(key);
            if (held is not null && ResourceVersions.Of(held) >= version)
            {
                return;
            }

            _assumed[key] = new(_assumed.TryGetValue(key, out var earlier) ? earlier.Told : held, version);
            Set(key, held, answer);
        }
    }

    /// <summary>Takes an object that the server tells.</summary>
    /// <returns>What it told before, whether this is news, and whether it is just what a write was answered with.</returns>
    public (T? Before, bool IsNews, bool IsOwnWrite) Put(ObjectKey key, T entity)
    {
        lock (_gate)
        {
            var held = _objects.GetValueOrDefault(key);
            if (!_assumed.TryGetValue(key, out var assumption))
            {
                if (held is not null && IsSame(held, entity))
                {
                    return (held, false, false);
                }

                Set(key, held, entity);
                return (held, true, false);
            }

            var news = assumption.Told is null || !IsSame(assumption.Told, entity);
            var version = ResourceVersions.Of(entity);
            if (version < assumption.Version)
            {
                _assumed[key] = assumption with { Told = entity };
                return (assumption.Told, news, false);
            }

            _assumed.Remove(key);
            if (version == assumption.Version)
            {
                // The instance that is held has perhaps been compared already.
                return (assumption.Told, news, true);
            }

            Set(key, held, entity);
            return (assumption.Told, news, false);
        }
    }

    /// <summary>Takes that an object is gone, as the server told at a version (null: unknown, then now).</summary>
    /// <returns>What it told of the object before; null when it had told nothing of it.</returns>
    public T? Remove(ObjectKey key, ulong? version)
    {
        lock (_gate)
        {
            _objects.TryGetValue(key, out var held);
            var told = held;
            if (_assumed.TryGetValue(key, out var assumption))
            {
                told = assumption.Told;
                if (version < assumption.Version)
                {
                    // What is gone is an earlier object of this name.
                    _assumed[key] = assumption with { Told = null };
                    return told;
                }

                _assumed.Remove(key);
            }

            if (_objects.TryRemove(key, out held))
            {
                Reindex(key, held, null);
            }

            return told;
        }
    }

    /// <summary>Notes how far a watch has come.</summary>
    /// <param name="watchedNamespace">The namespace that it watches; null for all.</param>
    /// <param name="version">The version of its last line.</param>
    public void Told(string? watchedNamespace, string? version)
    {
        if (ResourceVersions.Number(version) is { } number)
        {
            lock (_gate)
            {
                _toldUpTo[watchedNamespace ?? ""] = number;
            }
        }
    }

    /// <summary>Prepares for a whole collection read at a version. A server that went back in time (its etcd was restored) never tells what it answered before.</summary>
    /// <param name="watchedNamespace">The namespace that was read; null for all.</param>
    /// <param name="version">The version of the collection.</param>
    public void Relisted(string? watchedNamespace, string version)
    {
        lock (_gate)
        {
            if (ResourceVersions.Number(version) is { } number && number < ToldUpTo(watchedNamespace ?? ""))
            {
                foreach (var key in _assumed.Keys.Where(key => watchedNamespace is null || key.Namespace == watchedNamespace).ToList())
                {
                    _assumed.Remove(key);
                }
            }
        }
    }

    private ulong ToldUpTo(string ns) => _toldUpTo.TryGetValue("", out var version) || _toldUpTo.TryGetValue(ns, out version) ? version : 0;

    private static bool IsSame(T one, T other) => one.Metadata.Uid == other.Metadata.Uid && one.Metadata.ResourceVersion == other.Metadata.ResourceVersion;

    private StoreIndex<T> IndexOf(Func<T, IEnumerable<string>> values)
    {
        var index = new StoreIndex<T>(values);
        foreach (var (key, entity) in _objects)
        {
            index.Move(key, null, entity);
        }

        return index;
    }

    private void Set(ObjectKey key, T? old, T entity)
    {
        _objects[key] = entity;
        Reindex(key, old, entity);
    }

    private void Reindex(ObjectKey key, T? old, T? entity)
    {
        _owners?.Move(key, old, entity);
        foreach (var index in _indexes.Values)
        {
            index.Move(key, old, entity);
        }
    }

    private List<T> Find(StoreIndex<T> index, string value) => [.. index.Keys(value).Select(key => _objects[key])];

    private readonly record struct Assumption(T? Told, ulong Version);
}
