using k8s;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Reconciling;

/// <summary>
/// Brings the cluster to what one object asks for.
/// <para>
/// It is level-based: it is told which object to look at, not what happened, and looks at the whole state each time. It may run
/// at any time, more than once for one change, once for many changes, and after changes that it never saw one by one; running it
/// again when nothing is left to do must do nothing. The same object is never reconciled twice at once; different objects are, up
/// to the controller's number of workers, so an implementation must be safe for that.
/// </para>
/// <para>
/// Results: <see cref="ReconciliationResult.Success"/> forgets earlier failures and, if asked, looks again after a while;
/// <see cref="ReconciliationResult.Failure"/> and every exception is counted, logged and retried with exponential back-off (5 ms to
/// 5 min, for ever; all retries together are limited too, and what the API server asks to wait is waited); <see cref="ReconciliationResult.Terminal"/> is counted and not retried until the object changes.
/// Whatever the result, a change that arrived meanwhile causes another run.
/// </para>
/// </summary>
/// <typeparam name="TEntity">The kind that this controller serves.</typeparam>
public interface IEntityController<in TEntity>
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>Does one step towards what the object asks for.</summary>
    /// <param name="entity">The object as the store holds it now. It is shared with other readers: copy it before changing it.</param>
    /// <param name="cancellationToken">Cancelled when leadership is lost, the reconcile takes longer than its limit (2 min by default), or shutdown has run out of patience.</param>
    Task<ReconciliationResult> ReconcileAsync(TEntity entity, CancellationToken cancellationToken);

    /// <summary>Called once an object of which this controller heard is gone; for dropping what is remembered about it.</summary>
    /// <param name="key">The key that no longer names an object.</param>
    /// <param name="cancellationToken">As for <see cref="ReconcileAsync"/>.</param>
    Task DeletedAsync(ObjectKey key, CancellationToken cancellationToken) => Task.CompletedTask;
}
