namespace FleetOps.ModelStore.Http;

/// <summary>A fault that may pass: the step is tried again until the attempts run out.</summary>
internal sealed class TransientSourceException(ModelSourceReason reason, string message, TimeSpan? retryAfter = null, Exception? innerException = null)
    : ModelSourceException(reason, message, innerException)
{
    /// <summary>How long the source asks to be left alone; null when it does not say.</summary>
    public TimeSpan? RetryAfter { get; } = retryAfter;
}
