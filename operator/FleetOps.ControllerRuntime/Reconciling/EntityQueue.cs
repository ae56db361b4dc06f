using System.Diagnostics.Metrics;
using FleetOps.ControllerRuntime.Hosting;
using FleetOps.ControllerRuntime.Metrics;
using FleetOps.ControllerRuntime.WorkQueue;
using k8s;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Reconciling;

/// <summary>The queue of one controller; takes keys only while the controller runs.</summary>
internal sealed class EntityQueue<TEntity> : IReconcileTrigger<TEntity>, IDisposable
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    private volatile bool _open;

    public EntityQueue(ControllerRegistration<TEntity> registration, TimeProvider time, IMeterFactory meters)
    {
        Metrics = new WorkQueueMetrics(meters, registration.Name, time);
        Keys = new WorkQueue<ObjectKey>(time, Metrics);
    }

    public WorkQueue<ObjectKey> Keys { get; }

    public WorkQueueMetrics Metrics { get; }

    public void Add(ObjectKey key)
    {
        if (_open)
        {
            Keys.Add(key);
        }
    }

    public void AddAfter(ObjectKey key, TimeSpan delay)
    {
        if (_open)
        {
            Keys.AddAfter(key, delay);
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
