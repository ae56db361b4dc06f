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
    private readonly Reflector<T> _reflector;
    private readonly Store<T> _store = new();
    private readonly List<Action<Change<T>>> _handlers = [];
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly InformerMetrics _metrics;
    private readonly ILogger _logger;

    internal Informer(KubeApi api, ResourceType<T> type, WatchScope scope, InformerOptions options, TimeProvider time, ILogger logger, InformerMetrics metrics)
    {
        _type = type;
        _logger = logger;
        _metrics = metrics;
        Scope = scope;
        Name = scope == WatchScope.All ? type.ToString() : $"{type} ({string.Join(", ", new[] { scope.Namespace, scope.LabelSelector, scope.FieldSelector }.OfType<string>())})";
        _reflector = new Reflector<T>(api, type, scope, options, time, logger, metrics, Name, this);
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
    public string? Problem => _reflector.Problem;

    /// <summary>How often the whole collection was read, the first time included.</summary>
    public long Lists => _reflector.Lists;

    /// <summary>Calls the handler for each difference, in order, one at a time, after the store has it. It must be quick and must not block.</summary>
    public void Subscribe(Action<Change<T>> handler) => _handlers.Add(handler);

    /// <summary>Adds an index for <see cref="IStore{T}.ByIndex"/>.</summary>
    /// <param name="name">Name of the index.</param>
    /// <param name="values">Pure function from an object to the values under which it is found.</param>
    public void AddIndex(string name, Func<T, IEnumerable<string>> values) => _store.AddIndex(name, values);

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) => _reflector.RunAsync(cancellationToken);

    void IReflectorTarget<T>.Replace(Dictionary<ObjectKey, T> objects, HashSet<ObjectKey> unreadable)
    {
        foreach (var key in _store.Keys.Where(key => !objects.ContainsKey(key) && !unreadable.Contains(key)).ToList())
        {
            var gone = _store.Remove(key)!;
            Raise(new Change<T>(ChangeKind.Deleted, gone, gone, IsInitial: true));
        }

        foreach (var (key, entity) in objects)
        {
            Put(key, entity, isInitial: true);
        }

        _synced.TrySetResult();
    }

    void IReflectorTarget<T>.Observe(WatchEventKind kind, ObjectKey key, T? entity)
    {
        if (kind == WatchEventKind.Deleted)
        {
            if (_store.Remove(key) is { } gone)
            {
                Raise(new Change<T>(ChangeKind.Deleted, gone, entity ?? gone, IsInitial: false));
            }
        }
        else if (entity is not null)
        {
            Put(key, entity, isInitial: false);
        }
    }

    private void Put(ObjectKey key, T entity, bool isInitial)
    {
        Trim(entity);
        if (_store.Get(key) is { } held && held.Metadata.Uid == entity.Metadata.Uid && held.Metadata.ResourceVersion == entity.Metadata.ResourceVersion)
        {
            return;
        }

        var old = _store.Put(key, entity);
        Raise(new Change<T>(old is null ? ChangeKind.Added : ChangeKind.Modified, old, entity, isInitial));
    }

    private void Trim(T entity)
    {
        // Half of an object's memory, and of no use to readers.
        entity.Metadata.ManagedFields = null;
        // Items of a LIST come without these two; owner references and events need them.
        entity.ApiVersion = _type.ApiVersion;
        entity.Kind = _type.Kind;
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
