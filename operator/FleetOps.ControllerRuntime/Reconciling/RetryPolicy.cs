using FleetOps.ControllerRuntime.Apply;
using FleetOps.ControllerRuntime.WorkQueue;

namespace FleetOps.ControllerRuntime.Reconciling;

/// <summary>
/// When to look at a key again that failed: after its own back-off or, if later, when the bucket that all retries share has room. What the
/// API server asks to wait (<c>Retry-After</c>) is waited instead of the back-off and is not counted: it says that the server is busy, not that the object
/// is at fault. Thread-safe.
/// </summary>
internal sealed class RetryPolicy(KeyBackoff<ObjectKey> backoff, TokenBucket bucket)
{
    public TimeSpan Next(ObjectKey key, Exception? error)
    {
        // Lengthened at random: all whom the server turned away would come back together.
        var own = AskedByServer(error) is { } asked ? asked * (1 + (0.1 * Jitter.Next())) : backoff.Next(key);
        var shared = bucket.Reserve();
        return own > shared ? own : shared;
    }

    public void Forget(ObjectKey key) => backoff.Forget(key);

    private static TimeSpan? AskedByServer(Exception? error)
    {
        for (; error is not null; error = error.InnerException)
        {
            if (error is KubeApiException { RetryAfter: { } asked })
            {
                return asked;
            }
        }

        return null;
    }
}
