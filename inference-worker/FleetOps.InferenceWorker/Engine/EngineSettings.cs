namespace FleetOps.InferenceWorker.Engine;

/// <summary>Bounds of the engine.</summary>
internal sealed record EngineSettings
{
    /// <summary>Requests computed at once; 1 to 256.</summary>
    public required int MaxSequences { get; init; }

    /// <summary>Tokens of one request, prompt and answer together.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Tokens of one batch; at least <see cref="MaxSequences"/>. Bounds how long a running stream waits for somebody's prompt.</summary>
    public int BatchTokens { get; init; } = 512;

    /// <summary>CPU threads that compute.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Requests that may wait for a slot.</summary>
    public int MaxWaiting { get; init; } = 128;

    /// <summary>Prompt tokens that may wait for a slot; one request may exceed it alone.</summary>
    public long MaxWaitingTokens { get; init; } = long.MaxValue;

    /// <summary>Requests of one named tenant that may wait for a slot.</summary>
    public int MaxWaitingPerTenant { get; init; } = int.MaxValue;

    /// <summary>Whether prompts that begin alike are computed once. Models whose cache cannot be taken back compute each anew in any case.</summary>
    public bool ReusePrefixes { get; init; } = true;

    /// <summary>How many tokens are guessed for each stream and batch from what stood in its prompt before; 0 guesses none. Faster where text is repeated and the machine has computing power to spare, else slower.</summary>
    public int DraftTokens { get; init; }

    /// <summary>Tokens of one request that may lie unread before its sequence pauses.</summary>
    public int OutputCapacity { get; init; } = 256;

    /// <summary>How long a sequence may pause for its reader before it ends.</summary>
    public TimeSpan SlowReaderTimeout { get; init; } = TimeSpan.FromSeconds(30);
}
