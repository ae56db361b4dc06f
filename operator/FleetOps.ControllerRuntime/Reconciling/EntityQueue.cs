using System.Diagnostics.Metrics;
using FleetOps.ControllerRuntime.Hosting;
using FleetOps.ControllerRuntime.Metrics;
using FleetOps.ControllerRuntime.WorkQueue;
using k8s;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Reconciling;

/// <summary>The queue of one controller, fair between namespaces; takes keys only while the controller runs.</summary>
internal sealed class EntityQueue<TEntity> : IReconcileTrigger<TEntity>, IDisposable
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    private volatile bool _open;

    public EntityQueue(ControllerRegistration<TEntity> registration, TimeProvider time, IMeterFactory meters)
    {
        Metrics = new WorkQueueMetrics(meters, registration.Name, time);
        Keys = new WorkQueue<ObjectKey>(time, static key => key.Namespace, Metrics);
    }

    public WorkQueue<ObjectKey> Keys { get; }

    public WorkQueueMetrics Metrics { get; }

    public void Add(ObjectKey key) => Add(key, QueuePriority.Normal);

    public void Add(ObjectKey key, QueuePriority priority)
    {
        if (_open)
        {
            Keys.Add(key, priority);
        }
    }

    public void AddAfter(ObjectKey key, TimeSpan delay) => AddAfter(key, delay, QueuePriority.Normal);

    public void AddAfter(ObjectKey key, TimeSpan delay, QueuePriority priority)
    {
        if (_open)
        {
            Keys.AddAfter(key, delay, priority);
        }
    }

    public void Open() => _open = true;

    /// <summary>Refuses further keys and forgets those that wait: the next term looks at everything anyway.</summary>
    public void Close()
    {
        _open = false;
        Keys.Clear();
    }

    public void Dispose() => Keys.Dispose();
}
