using System.Diagnostics.Metrics;
using FleetOps.ControllerRuntime.Apply;
using FleetOps.ControllerRuntime.Metrics;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace FleetOps.ControllerRuntime.Informers;

/// <summary>One informer for each kind and scope, shared by all who ask. Thread-safe.</summary>
public sealed class InformerRegistry
{
    private readonly KubeApi _api;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly InformerMetrics _metrics;
    private readonly Dictionary<(Type, string, WatchScope), IInformer> _informers = [];
    private readonly Lock _gate = new();

    /// <summary>Creates an empty registry.</summary>
    public InformerRegistry(KubeApi api, TimeProvider time, ILoggerFactory loggers, IMeterFactory? meters = null)
    {
        _api = api;
        _time = time;
        _loggers = loggers;
        _metrics = new InformerMetrics(meters);
    }

    /// <summary>The informers asked for so far.</summary>
    public IReadOnlyList<IInformer> All
    {
        get
        {
            lock (_gate)
            {
                return [.. _informers.Values];
            }
        }
    }

    /// <summary>The informer of a kind and scope; made at the first call, with these options, and not started.</summary>
    public Informer<T> Get<T>(ResourceType<T> type, WatchScope? scope = null, InformerOptions? options = null)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        scope ??= WatchScope.All;
        var key = (typeof(T), type.Path(), scope);
        lock (_gate)
        {
            if (!_informers.TryGetValue(key, out var informer))
            {
                _informers[key] = informer = new Informer<T>(_api, type, scope, options ?? new InformerOptions(), _time, _loggers.CreateLogger<Informer<T>>(), _metrics);
            }

            return (Informer<T>)informer;
        }
    }
}
