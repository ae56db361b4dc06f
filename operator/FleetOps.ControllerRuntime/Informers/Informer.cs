using FleetOps.ControllerRuntime.Apply;
using FleetOps.ControllerRuntime.Metrics;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace FleetOps.ControllerRuntime.Informers;

/// <summary>
/// Keeps a store of one kind equal to what the API server holds, and tells each difference once: also those, deletions included, that
/// happened while no watch was open. It never gives up; faults are logged, counted, visible in <see cref="Problem"/> and retried with back-off.
/// Handlers and indexes must be added before <see cref="RunAsync"/>.
/// </summary>
/// <typeparam name="T">The kind.</typeparam>
public sealed class Informer<T> : IInformer, IReflectorTarget<T>
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    private readonly ResourceType<T> _type;
    private readonly IReadOnlyList<Reflector<T>> _reflectors;
    private readonly HashSet<string> _listed = new(StringComparer.Ordinal);
    private readonly Store<T> _store;
    private readonly List<Action<Change<T>>> _handlers = [];
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly InformerMetrics _metrics;
    private readonly ILogger _logger;
    private Action<T>? _trim;

    internal Informer(KubeApi api, ResourceType<T> type, WatchScope scope, IReadOnlyList<string> namespaces, InformerOptions options, TimeProvider time, ILogger logger, InformerMetrics metrics)
    {
        _type = type;
        _logger = logger;
        _metrics = metrics;
        _store = new Store<T>(Prepare);
        Scope = scope;
        Name = scope == WatchScope.All ? type.ToString() : $"{type} ({string.Join(", ", new[] { scope.Namespace, scope.LabelSelector, scope.FieldSelector }.OfType<string>())})";
        IEnumerable<WatchScope> scopes = scope.Namespace is null && type.Namespaced && namespaces.Count > 0 ? namespaces.Select(ns => scope with { Namespace = ns }) : [scope];
        _reflectors = [.. scopes.Select(part => new Reflector<T>(api, type, part, options, time, logger, metrics, part == scope ? Name : $"{Name} in {part.Namespace}", this))];
        metrics.Prepare(type.ToString());
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>The part of the kind that is watched.</summary>
    public WatchScope Scope { get; }

    /// <summary>The objects as last seen.</summary>
    public IStore<T> Store => _store;

    /// <inheritdoc/>
    public bool HasSynced => _synced.Task.IsCompletedSuccessfully;

    /// <inheritdoc/>
    public Task Synced => _synced.Task;

    /// <inheritdoc/>
    public string? Problem => _reflectors.Select(reflector => reflector.Problem).FirstOrDefault(problem => problem is not null);

    /// <summary>How often the whole collection was read, the first time included.</summary>
    public long Lists => _reflectors.Sum(reflector => reflector.Lists);

    /// <summary>Calls the handler for each difference, in order, one at a time, after the store has it. It must be quick and must not block.</summary>
    public void Subscribe(Action<Change<T>> handler) => _handlers.Add(handler);

    /// <summary>Adds an index for <see cref="IStore{T}.ByIndex"/>.</summary>
    /// <param name="name">Name of the index.</param>
    /// <param name="values">Pure function from an object to the values under which it is found.</param>
    public void AddIndex(string name, Func<T, IEnumerable<string>> values) => _store.AddIndex(name, values);

    /// <summary>
    /// Drops from each object, before it is stored, what no reader needs; a large fleet's memory is mostly that. The function changes the
    /// object that it is given, also those that <see cref="IStore{T}.Assume"/> takes.
    /// </summary>
    public void TrimWith(Action<T> trim) => _trim = trim;

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(_reflectors.Select(reflector => reflector.RunAsync(cancellationToken)));

    bool IReflectorTarget<T>.HasListed(string? ns)
    {
        lock (_gate)
        {
            return _listed.Contains(ns ?? "");
        }
    }

    // Reflectors of several namespaces take turns: handlers are promised one change at a time.
    void IReflectorTarget<T>.Replace(string? ns, Dictionary<ObjectKey, T> objects, HashSet<ObjectKey> unreadable, string? version)
    {
        lock (_gate)
        {
            if (version is not null)
            {
                _store.Relisted(ns, version);
            }

            foreach (var key in _store.Keys.Where(key => (ns is null || key.Namespace == ns) && !objects.ContainsKey(key) && !unreadable.Contains(key)).ToList())
            {
                if (_store.Remove(key, ResourceVersions.Number(version)) is { } gone)
                {
                    Raise(new Change<T>(ChangeKind.Deleted, gone, gone, IsInitial: true));
                }
            }

            foreach (var (key, entity) in objects)
            {
                Put(key, entity, isInitial: true);
            }

            _store.Told(ns, version);
            _listed.Add(ns ?? "");
            if (_listed.Count == _reflectors.Count)
            {
                _synced.TrySetResult();
            }
        }
    }

    void IReflectorTarget<T>.Observe(string? ns, in WatchEvent<T> line)
    {
        lock (_gate)
        {
            if (line.Kind == WatchEventKind.Deleted)
            {
                if (_store.Remove(line.Key, ResourceVersions.Number(line.ResourceVersion)) is { } gone)
                {
                    Raise(new Change<T>(ChangeKind.Deleted, gone, line.Entity ?? gone, IsInitial: false));
                }
            }
            else if (line.Kind is WatchEventKind.Added or WatchEventKind.Modified && line.Entity is { } entity)
            {
                Put(line.Key, entity, isInitial: false);
            }

            _store.Told(ns, line.ResourceVersion);
        }
    }

    private void Put(ObjectKey key, T entity, bool isInitial)
    {
        var (before, isNews, isOwnWrite) = _store.Put(key, entity);
        if (isNews)
        {
            Raise(new Change<T>(before is null ? ChangeKind.Added : ChangeKind.Modified, before, entity, isInitial, isOwnWrite && !isInitial));
        }
    }

    void IReflectorTarget<T>.Prepare(T entity) => Prepare(entity);

    private void Prepare(T entity)
    {
        // Half of an object's memory, and of no use to readers.
        entity.Metadata.ManagedFields = null;
        // Items of a LIST come without these two; owner references and events need them.
        entity.ApiVersion = _type.ApiVersion;
        entity.Kind = _type.Kind;
        try
        {
            _trim?.Invoke(entity);
        }
        catch (Exception e)
        {
            // An object that is larger than it need be is better than none.
            _metrics.HandlerFault(_type.ToString());
            InformerLog.HandlerFailed(_logger, e, Name, ChangeKind.Modified, ObjectKey.Of(entity));
        }
    }

    private void Raise(Change<T> change)
    {
        foreach (var handler in _handlers)
        {
            try
            {
                handler(change);
            }
            catch (Exception e)
            {
                // A faulty handler must neither stop the watch nor keep the change from the others.
                _metrics.HandlerFault(_type.ToString());
                InformerLog.HandlerFailed(_logger, e, Name, change.Kind, ObjectKey.Of(change.Current));
            }
        }
    }
}
