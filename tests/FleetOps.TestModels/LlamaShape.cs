namespace FleetOps.TestModels;

/// <summary>The shape of a model of the llama architecture.</summary>
/// <param name="Embedding">Width of the embeddings; a multiple of 32 for each head, or the cache cannot be quantized.</param>
/// <param name="Layers">Number of layers.</param>
/// <param name="Heads">Attention heads.</param>
/// <param name="KeyValueHeads">Heads of keys and values.</param>
/// <param name="FeedForward">Width of the feed-forward layers.</param>
/// <param name="ContextLength">Tokens that it was "trained" for.</param>
/// <param name="Type">How its weights are stored.</param>
/// <param name="PlainTokens">Tokens on top of those of <see cref="ByteVocabulary"/>: words that only token ids and answers spell.</param>
public sealed record LlamaShape(
    int Embedding, int Layers, int Heads, int KeyValueHeads, int FeedForward, int ContextLength = 2048, TensorType Type = TensorType.F32, int PlainTokens = 0)
{
    /// <summary>Number of tokens.</summary>
    public int Vocabulary => ByteVocabulary.Count + PlainTokens;

    /// <summary>Half a megabyte.</summary>
    public static LlamaShape Tiny { get; } = new(Embedding: 64, Layers: 2, Heads: 2, KeyValueHeads: 1, FeedForward: 128);
}
