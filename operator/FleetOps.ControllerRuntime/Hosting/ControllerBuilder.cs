using FleetOps.ControllerRuntime.Informers;
using FleetOps.ControllerRuntime.Reconciling;
using k8s;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Hosting;

/// <summary>
/// Says what wakes a controller. Whatever is watched here is also readable by the controller as an
/// <see cref="IStore{T}"/> from its constructor.
/// </summary>
/// <typeparam name="TEntity">The kind that the controller serves.</typeparam>
public sealed class ControllerBuilder<TEntity>
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    private readonly ControllerRuntimeBuilder _runtime;
    private readonly ControllerRegistration<TEntity> _registration;

    internal ControllerBuilder(ControllerRuntimeBuilder runtime, ControllerRegistration<TEntity> registration)
    {
        _runtime = runtime;
        _registration = registration;
    }

    /// <summary>The controller creates objects of this kind and is woken, with the owner's key, by every change of those it owns.</summary>
    /// <param name="type">The children's kind.</param>
    /// <param name="scope">The part of the kind to watch, such as a label that all children carry; null for the default scope.</param>
    /// <param name="optional">True when the server may not serve the kind; its store is then empty.</param>
    public ControllerBuilder<TEntity> Owns<TChild>(ResourceType<TChild> type, WatchScope? scope = null, bool optional = false)
        where TChild : class, IKubernetesObject<V1ObjectMeta>
    {
        var owner = _registration.Type;
        return Watches(type, (TChild child) => Owners.Controller(child, owner.Group, owner.Kind), scope, optional);
    }

    /// <summary>The controller is woken, with the mapped keys, by every change of this kind; an update maps both the old and the new object.</summary>
    /// <param name="type">The other kind.</param>
    /// <param name="map">From the other object to the keys of the objects that it concerns.</param>
    /// <param name="scope">The part of the kind to watch; null for the default scope.</param>
    /// <param name="optional">True when the server may not serve the kind; its store is then empty.</param>
    public ControllerBuilder<TEntity> Watches<TOther>(ResourceType<TOther> type, Func<TOther, IEnumerable<ObjectKey>> map, WatchScope? scope = null, bool optional = false)
        where TOther : class, IKubernetesObject<V1ObjectMeta> =>
        Watches(type, (other, _) => map(other), scope, optional);

    /// <summary>As the other overload, for maps that look the concerned objects up in their store, best through an index.</summary>
    /// <param name="type">The other kind.</param>
    /// <param name="map">From the other object and the store of <typeparamref name="TEntity"/> to keys.</param>
    /// <param name="scope">The part of the kind to watch; null for the default scope.</param>
    /// <param name="optional">True when the server may not serve the kind; its store is then empty.</param>
    public ControllerBuilder<TEntity> Watches<TOther>(ResourceType<TOther> type, Func<TOther, IStore<TEntity>, IEnumerable<ObjectKey>> map, WatchScope? scope = null, bool optional = false)
        where TOther : class, IKubernetesObject<V1ObjectMeta>
    {
        _runtime.AddInformer(type, scope, new InformerOptions { Optional = optional });
        _registration.AddSource(_runtime.ScopeOf(scope), type, map);
        return this;
    }

    /// <summary>Only changes of <typeparamref name="TEntity"/> that pass wake the controller; several filters must all pass. Other sources are not filtered.</summary>
    public ControllerBuilder<TEntity> When(Func<Change<TEntity>, bool> predicate)
    {
        _registration.Predicates.Add(predicate);
        return this;
    }

    /// <summary>Adds an index to the store of <typeparamref name="TEntity"/>.</summary>
    public ControllerBuilder<TEntity> WithIndex(string name, Func<TEntity, IEnumerable<string>> values)
    {
        _registration.Indexes.Add((name, values));
        return this;
    }

    /// <summary>How many objects are reconciled at once. Default: 1.</summary>
    public ControllerBuilder<TEntity> WithWorkers(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        _registration.Workers = count;
        return this;
    }

    /// <summary>
    /// How long one reconcile may take before it is cancelled, counted in <c>controller_runtime_reconcile_timeouts_total</c> and retried.
    /// <see cref="Timeout.InfiniteTimeSpan"/> for no limit. Default: 2 min.
    /// </summary>
    public ControllerBuilder<TEntity> WithReconcileTimeout(TimeSpan limit)
    {
        if (limit != Timeout.InfiniteTimeSpan)
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(limit, TimeSpan.Zero);
        }

        _registration.ReconcileTimeout = limit;
        return this;
    }

    /// <summary>
    /// How many retries of failed reconciles are begun, all objects of the controller together; each object's own back-off, 5 ms to 5 min, comes
    /// on top. Default: 10 a second after a burst of 100.
    /// </summary>
    /// <param name="perSecond">Retries a second in the long run, above 0.</param>
    /// <param name="burst">Retries that may come at once, at least 1.</param>
    public ControllerBuilder<TEntity> WithRetryLimit(double perSecond, int burst)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(perSecond);
        ArgumentOutOfRangeException.ThrowIfLessThan(burst, 1);
        _registration.RetriesPerSecond = perSecond;
        _registration.RetryBurst = burst;
        return this;
    }

    /// <summary>The controller's name in logs and metrics. Default: the kind in lower case.</summary>
    public ControllerBuilder<TEntity> WithName(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        _registration.Name = name;
        return this;
    }
}
