namespace FleetOps.InferenceWorker.Engine;

/// <summary>The engine takes no request now.</summary>
internal sealed class EngineRefusedException(EngineRefusal refusal, string message) : Exception(message)
{
    /// <summary>Why.</summary>
    public EngineRefusal Refusal { get; } = refusal;
}
