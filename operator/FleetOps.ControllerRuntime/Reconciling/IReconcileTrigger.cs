using k8s;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Reconciling;

/// <summary>
/// Wakes a controller from outside the watches, such as when a poll of something that is no Kubernetes object found news.
/// Thread-safe. Keys added while this process does not lead are dropped: everything is looked at once it leads.
/// </summary>
/// <typeparam name="TEntity">The kind whose controller is woken.</typeparam>
public interface IReconcileTrigger<TEntity>
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>Reconciles the object as soon as a worker is free; a key that already waits is not added twice.</summary>
    void Add(ObjectKey key);

    /// <summary>Reconciles the object after a delay; of several delays for one key the earliest wins.</summary>
    void AddAfter(ObjectKey key, TimeSpan delay);
}
