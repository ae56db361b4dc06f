namespace FleetOps.InferenceWorker.Engine;

/// <summary>Why the engine takes no request now.</summary>
internal enum EngineRefusal
{
    /// <summary>As many requests or prompt tokens as may wait are waiting.</summary>
    QueueFull,

    /// <summary>The request would wait for longer than it may.</summary>
    WaitTooLong,

    /// <summary>There is no LoRA adapter of the name that was asked for.</summary>
    UnknownAdapter,

    /// <summary>The engine is draining, has ended or has failed.</summary>
    Closed,
}
