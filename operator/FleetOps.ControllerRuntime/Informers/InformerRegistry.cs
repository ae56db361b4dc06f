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
    private readonly IReadOnlyList<string> _namespaces;
    private readonly Dictionary<(Type, string, WatchScope), IInformer> _informers = [];
    private readonly Lock _gate = new();

    /// <summary>Creates an empty registry.</summary>
    /// <param name="api">The server.</param>
    /// <param name="time">Clock of delays and time limits.</param>
    /// <param name="loggers">Where faults are told.</param>
    /// <param name="meters">Where metrics go; null for nowhere.</param>
    /// <param name="namespaces">The namespaces to which scopes without a namespace are confined, each with a watch of its own; empty or null for the whole cluster.</param>
    public InformerRegistry(KubeApi api, TimeProvider time, ILoggerFactory loggers, IMeterFactory? meters = null, IReadOnlyList<string>? namespaces = null)
    {
        _namespaces = namespaces ?? [];
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
                _informers[key] = informer = new Informer<T>(_api, type, scope, _namespaces, options ?? new InformerOptions(), _time, _loggers.CreateLogger<Informer<T>>(), _metrics);
            }

            return (Informer<T>)informer;
        }
    }
}
