namespace FleetOps.InferenceWorker.Engine.Embedding;

/// <summary>Bounds of the embedding engine.</summary>
internal sealed record EmbeddingSettings
{
    /// <summary>Tokens of one input; an input is computed in one piece, so at most <see cref="BatchTokens"/>.</summary>
    public required int MaxInputTokens { get; init; }

    /// <summary>Tokens of one batch.</summary>
    public required int BatchTokens { get; init; }

    /// <summary>Inputs of one batch; 1 to 256.</summary>
    public int MaxSequences { get; init; } = 64;

    /// <summary>CPU threads that compute.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Inputs of all requests together that may wait.</summary>
    public int MaxWaitingInputs { get; init; } = 4096;
}
