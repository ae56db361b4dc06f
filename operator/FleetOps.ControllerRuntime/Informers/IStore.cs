using k8s;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Informers;

/// <summary>
/// The objects of one kind as an informer last saw them. Thread-safe; reads take no network and never wait. Objects are shared by
/// all readers and must not be changed.
/// </summary>
public interface IStore<T>
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>How many objects are held.</summary>
    int Count { get; }

    /// <summary>The object of that key, or null.</summary>
    T? Get(ObjectKey key);

    /// <summary>All objects, as a snapshot in no particular order.</summary>
    IReadOnlyList<T> List();

    /// <summary>The objects that name this UID in an owner reference (controlling or not), in no particular order.</summary>
    IReadOnlyList<T> ByOwner(string ownerUid);

    /// <summary>The objects for which the index gave this value, in no particular order.</summary>
    /// <param name="indexName">The name under which the index was registered.</param>
    /// <param name="value">The value to look up.</param>
    /// <exception cref="ArgumentException">No index of that name was registered.</exception>
    IReadOnlyList<T> ByIndex(string indexName, string value);
}
