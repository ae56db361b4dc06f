using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using FleetOps.ControllerRuntime.Hosting;
using FleetOps.ControllerRuntime.Informers;
using FleetOps.ControllerRuntime.Leadership;
using FleetOps.ControllerRuntime.Reconciling;
using FleetOps.ControllerRuntime.Tests.Stubs;
using k8s.Models;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace FleetOps.ControllerRuntime.Tests.Reconciling;

/// <summary>One controller over a stub collection of ConfigMaps, on a clock that the test moves.</summary>
internal sealed class RunningLoop : IAsyncDisposable, IEntityController<V1ConfigMap>
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _lost = new();
    private readonly CancellationTokenSource _stopInformer = new();
    private readonly EntityQueue<V1ConfigMap> _queue;
    private readonly Func<V1ConfigMap, CancellationToken, Task<ReconciliationResult>> _reconcile;
    private readonly Task _watching;
    private readonly ConcurrentDictionary<string, string> _told = new(StringComparer.Ordinal);

    private RunningLoop(ModelCollection collection, Func<V1ConfigMap, CancellationToken, Task<ReconciliationResult>> reconcile, Action<ControllerRegistration<V1ConfigMap>>? configure)
    {
        Collection = collection;
        _reconcile = reconcile;
        var registry = new InformerRegistry(collection.Api, TimeProvider.System, NullLoggerFactory.Instance);
        var registration = new ControllerRegistration<V1ConfigMap>(BuiltInTypes.ConfigMaps, WatchScope.All)
        {
            // Exporters of other tests hear this process's meters too; a name of its own keeps the figures apart.
            Name = "loop-under-test",
        };
        configure?.Invoke(registration);
        Meters = _services.GetRequiredService<IMeterFactory>();
        _queue = new EntityQueue<V1ConfigMap>(registration, Time, Meters);
        var loop = new ControllerLoop<V1ConfigMap>(registration, _queue, this, registry, Time, Meters, NullLogger<ControllerLoop<V1ConfigMap>>.Instance);
        loop.Connect(registry);
        Informer = registry.Get(BuiltInTypes.ConfigMaps, WatchScope.All);
        // After the loop, which is told first.
        Informer.Subscribe(change => _told[change.Current.Metadata.Name] = change.Current.Metadata.ResourceVersion);
        _watching = Task.Run(() => Informer.RunAsync(_stopInformer.Token));
        Run = Task.Run(async () =>
        {
            await Informer.Synced;
            await loop.RunAsync(new LeaderTerm(_stopping.Token, _lost.Token));
        });
    }

    public ModelCollection Collection { get; }

    public FakeTimeProvider Time { get; } = new();

    public IMeterFactory Meters { get; }

    public Informer<V1ConfigMap> Informer { get; }

    public Task Run { get; }

    /// <summary>Names in the order in which their reconciles began.</summary>
    public ConcurrentQueue<string> Begun { get; } = new();

    public ConcurrentQueue<string> Deleted { get; } = new();

    public int Waiting => _queue.Keys.Depth;

    public int Delayed => _queue.Keys.Delayed;

    public static RunningLoop Start(ModelCollection collection, Func<V1ConfigMap, CancellationToken, Task<ReconciliationResult>> reconcile, Action<ControllerRegistration<V1ConfigMap>>? configure = null) =>
        new(collection, reconcile, configure);

    public static RunningLoop Start(ModelCollection collection, Func<V1ConfigMap, ReconciliationResult> reconcile, Action<ControllerRegistration<V1ConfigMap>>? configure = null) =>
        new(collection, (entity, _) => Task.FromResult(reconcile(entity)), configure);

    /// <summary>The last version of an object that the loop was told of; null for none.</summary>
    public string? Told(string name) => _told.GetValueOrDefault(name);

    public int Count(string name) => Begun.Count(one => one == name);

    /// <summary>Records what a counter of the runtime counts from now on.</summary>
    public MetricCollector<long> Collect(string counter) => new(Meters, ControllerRuntime.Metrics.RuntimeMeter.Name, counter);

    public Task StopAsync() => _stopping.CancelAsync();

    public Task LoseAsync() => _lost.CancelAsync().ContinueWith(_ => _stopping.CancelAsync(), TaskScheduler.Default).Unwrap();

    public Task<ReconciliationResult> ReconcileAsync(V1ConfigMap entity, CancellationToken cancellationToken)
    {
        Begun.Enqueue(entity.Metadata.Name);
        return _reconcile(entity, cancellationToken);
    }

    public Task DeletedAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        Deleted.Enqueue(key.Name);
        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await LoseAsync();
        await Run;
        await _stopInformer.CancelAsync();
        await _watching;
        _queue.Dispose();
        await _services.DisposeAsync();
        _stopping.Dispose();
        _lost.Dispose();
        _stopInformer.Dispose();
    }
}
