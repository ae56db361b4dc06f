namespace FleetOps.InferenceWorker.Engine;

/// <summary>The engine takes no request now.</summary>
internal sealed class EngineRefusedException(EngineRefusal refusal, string message, TimeSpan? retryAfter = null) : Exception(message)
{
    /// <summary>Why.</summary>
    public EngineRefusal Refusal { get; } = refusal;

    /// <summary>When to come back; null when it is of no use.</summary>
    public TimeSpan? RetryAfter { get; } = retryAfter;
}
