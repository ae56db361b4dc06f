using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using FleetOps.ControllerRuntime.Informers;
using FleetOps.ControllerRuntime.Reconciling;
using k8s;
using k8s.Models;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace FleetOps.ControllerRuntime.Hosting;

/// <summary>Collects the controllers and informers of a host. Not thread-safe; used while services are registered.</summary>
public sealed class ControllerRuntimeBuilder
{
    private readonly ControllerRuntimeOptions _options;

    internal ControllerRuntimeBuilder(IServiceCollection services, ControllerRuntimeOptions options)
    {
        Services = services;
        _options = options;
    }

    /// <summary>The services of the host.</summary>
    public IServiceCollection Services { get; }

    /// <summary>Adds a controller and an informer for its kind, which the controller's store is read from.</summary>
    /// <typeparam name="TEntity">The kind.</typeparam>
    /// <typeparam name="TController">The controller; made once, with services from its constructor.</typeparam>
    /// <param name="type">Where the kind lives.</param>
    /// <param name="configure">Says what else wakes the controller.</param>
    /// <param name="scope">The part of the kind to serve; null for the default scope.</param>
    /// <exception cref="InvalidOperationException">The kind has a controller already.</exception>
    public ControllerRuntimeBuilder AddController<TEntity, [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TController>(
        ResourceType<TEntity> type,
        Action<ControllerBuilder<TEntity>>? configure = null,
        WatchScope? scope = null)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
        where TController : class, IEntityController<TEntity>
    {
        if (Services.Any(service => service.ServiceType == typeof(ControllerRegistration<TEntity>)))
        {
            throw new InvalidOperationException($"{type.Kind} has a controller already; a kind has one, which may be built of many steps.");
        }

        var registration = new ControllerRegistration<TEntity>(type, ScopeOf(scope));
        AddInformer(type, scope);
        configure?.Invoke(new ControllerBuilder<TEntity>(this, registration));
        Services.AddSingleton(registration);
        Services.AddSingleton<IEntityController<TEntity>, TController>();
        Services.AddSingleton<EntityQueue<TEntity>>();
        Services.AddSingleton<IReconcileTrigger<TEntity>>(static provider => provider.GetRequiredService<EntityQueue<TEntity>>());
        Services.AddSingleton<IControllerLoop, ControllerLoop<TEntity>>();
        return this;
    }

    /// <summary>
    /// Keeps a store of a kind, to be read as <see cref="IStore{T}"/> (the first scope asked for; others through
    /// <see cref="InformerRegistry"/>). Several kinds share <see cref="ObservedObject"/>, so those stores are services keyed by the kind's
    /// name, as in <c>deployments.apps</c>.
    /// </summary>
    /// <param name="type">The kind.</param>
    /// <param name="scope">The part of it; null for the default scope.</param>
    /// <param name="options">Counts for the first call with this kind and scope.</param>
    /// <param name="configure">Adds indexes or handlers.</param>
    public ControllerRuntimeBuilder AddInformer<T>(ResourceType<T> type, WatchScope? scope = null, InformerOptions? options = null, Action<Informer<T>>? configure = null)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var where = ScopeOf(scope);
        Services.AddSingleton(new InformerSetup(registry =>
        {
            var informer = registry.Get(type, where, options);
            configure?.Invoke(informer);
        }));
        Services.TryAddKeyedSingleton<IStore<T>>(type.ToString(), (provider, _) => provider.GetRequiredService<InformerRegistry>().Get(type, where, options).Store);
        if (typeof(T) != typeof(ObservedObject))
        {
            Services.TryAddSingleton<IStore<T>>(provider => provider.GetRequiredService<InformerRegistry>().Get(type, where, options).Store);
        }

        return this;
    }

    /// <summary>
    /// Sends the gauges of a meter to the collector, if there is one: for gauges whose series come and go, which are then sent no more.
    /// </summary>
    /// <typeparam name="TGauges">Makes the meter and its gauges when it is constructed. It is not when there is no collector.</typeparam>
    /// <param name="meter">Name of the meter.</param>
    /// <param name="mostSeries">How many series an instrument may have; room is made for all of them.</param>
    public ControllerRuntimeBuilder ExportGauges<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TGauges>(string meter, Func<Instrument, int> mostSeries)
        where TGauges : class
    {
        if (_options.Collector is { } collector)
        {
            Services.AddSingleton<TGauges>();
            Services.AddHostedService(provider =>
            {
                _ = provider.GetRequiredService<TGauges>();
                return new GaugeExport(_options, collector, meter, provider.GetRequiredService<IMeterFactory>(), mostSeries);
            });
        }

        return this;
    }

    internal WatchScope ScopeOf(WatchScope? scope) => scope ?? _options.DefaultScope;
}
