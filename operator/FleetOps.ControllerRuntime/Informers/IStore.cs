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

    /// <summary>
    /// Takes the server's answer to a write of this program, so that the next read sees it although the watch has not told it yet. What the
    /// watch tells later wins, and what it told already stays. Handlers are not called now; when the watch comes to the write, they
    /// are, with <see cref="Change{T}.IsOwnWrite"/>.
    /// </summary>
    /// <param name="answer">The whole object as the server answered; the store keeps it.</param>
    void Assume(T answer);
}
