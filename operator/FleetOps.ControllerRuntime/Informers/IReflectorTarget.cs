using k8s;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Informers;

/// <summary>What a reflector feeds; called by one task at a time.</summary>
internal interface IReflectorTarget<T>
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>Whether this reflector has delivered a whole collection before.</summary>
    bool HasListed(string? ns);

    /// <summary>Drops from an object that was just read what is not stored; on any thread.</summary>
    void Prepare(T entity);

    /// <summary>Takes the whole collection of a namespace (null: of all) as of a version (null: unknown); <paramref name="unreadable"/> exist too, but could not be read.</summary>
    void Replace(string? ns, Dictionary<ObjectKey, T> objects, HashSet<ObjectKey> unreadable, string? version);

    /// <summary>Takes one line of a watch; an object that could not be read comes as its key alone.</summary>
    void Observe(string? ns, in WatchEvent<T> line);
}
