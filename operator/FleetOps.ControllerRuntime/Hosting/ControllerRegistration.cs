using FleetOps.ControllerRuntime.Informers;
using FleetOps.ControllerRuntime.WorkQueue;
using k8s;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Hosting;

/// <summary>What a builder collected about one controller.</summary>
internal sealed class ControllerRegistration<TEntity>(ResourceType<TEntity> type, WatchScope scope)
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    private readonly List<Action<InformerRegistry, IStore<TEntity>, Action<ObjectKey, QueuePriority>>> _sources = [];

    public ResourceType<TEntity> Type { get; } = type;

    public WatchScope Scope { get; } = scope;

    public List<Func<Change<TEntity>, bool>> Predicates { get; } = [];

    public List<(string Name, Func<TEntity, IEnumerable<string>> Values)> Indexes { get; } = [];

    public int Workers { get; set; } = 1;

    public TimeSpan ReconcileTimeout { get; set; } = TimeSpan.FromMinutes(2);

    public double RetriesPerSecond { get; set; } = 10;

    public int RetryBurst { get; set; } = 100;

    public string Name { get; set; } = type.Kind.ToLowerInvariant();

    public void AddSource<TOther>(WatchScope otherScope, ResourceType<TOther> other, Func<TOther, IStore<TEntity>, IEnumerable<ObjectKey>> map)
        where TOther : class, IKubernetesObject<V1ObjectMeta> =>
        _sources.Add((registry, store, enqueue) => registry.Get(other, otherScope).Subscribe(change =>
        {
            // Whoever wrote it has seen the answer; to wake for it would double the reconciles of a large change.
            if (change.IsOwnWrite)
            {
                return;
            }

            // The old object too: an owner or reference that was taken away concerns the one that lost it.
            foreach (var key in change.Old is null ? [] : map(change.Old, store))
            {
                enqueue(key, PriorityOf(change));
            }

            foreach (var key in map(change.Current, store))
            {
                enqueue(key, PriorityOf(change));
            }
        }));

    /// <summary>Connects the informers with a queue. Call once, before the informers run.</summary>
    public void Connect(InformerRegistry registry, Action<ObjectKey, QueuePriority> enqueue)
    {
        var informer = registry.Get(Type, Scope);
        foreach (var (name, values) in Indexes)
        {
            informer.AddIndex(name, values);
        }

        informer.Subscribe(change =>
        {
            if (Predicates.TrueForAll(predicate => predicate(change)))
            {
                enqueue(ObjectKey.Of(change.Current), PriorityOf(change));
            }
        });
        foreach (var source in _sources)
        {
            source(registry, informer.Store, enqueue);
        }
    }

    // A list finds everything at once; what changes meanwhile goes first.
    private static QueuePriority PriorityOf<T>(Change<T> change)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        change.IsInitial ? QueuePriority.Low : QueuePriority.Normal;
}
