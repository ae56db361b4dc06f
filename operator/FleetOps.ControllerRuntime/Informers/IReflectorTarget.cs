using k8s;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Informers;

/// <summary>What a reflector feeds; called by one task at a time.</summary>
internal interface IReflectorTarget<T>
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    bool HasSynced { get; }

    /// <summary>Takes a whole collection; <paramref name="unreadable"/> exist too, but could not be read.</summary>
    void Replace(Dictionary<ObjectKey, T> objects, HashSet<ObjectKey> unreadable);

    /// <summary>Takes one event of a watch; an object that could not be read comes as its key alone.</summary>
    void Observe(WatchEventKind kind, ObjectKey key, T? entity);
}
