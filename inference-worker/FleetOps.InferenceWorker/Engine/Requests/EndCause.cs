namespace FleetOps.InferenceWorker.Engine.Requests;

/// <summary>Why the engine ended a generation.</summary>
internal enum EndCause
{
    /// <summary>The model sampled an end-of-generation token.</summary>
    EndOfGeneration,

    /// <summary>A stop token of the request was sampled.</summary>
    StopToken,

    /// <summary>The request's bound on tokens was reached.</summary>
    MaxTokens,

    /// <summary>The context is full.</summary>
    ContextFull,

    /// <summary>The caller asked for it: the call was cancelled, its deadline passed, or its text held a stop string.</summary>
    Cancelled,

    /// <summary>Nobody read the output for too long.</summary>
    SlowReader,

    /// <summary>The time to drain ran out.</summary>
    Drained,

    /// <summary>The request's grammar lets no token of the vocabulary follow. Only this request ends.</summary>
    ConstraintFailed,

    /// <summary>The engine failed.</summary>
    EngineFailed,
}
