namespace FleetOps.TestModels;

/// <summary>
/// A BERT with random weights: all tokens of a text see one another, and embeddings come out. With a classifier it is a reranker, whose score is
/// the hyperbolic tangent of the first number of the first token's embedding: the classifier's weights are made by hand.
/// </summary>
public static class EncoderModel
{
    private const int Width = 64;
    private const int FeedForward = 128;
    private const int Layers = 2;

    /// <summary>Tokens that it was "trained" for; positions are rows of a table that ends there.</summary>
    public const int ContextLength = 128;

    /// <summary>Writes it. The same arguments give the same file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="pooling">llama.cpp's number of the pooling that the file names, 4 for ranking; null to name none.</param>
    /// <param name="classifier">Whether it has a classifier.</param>
    public static void Write(string path, int? pooling = 1, bool classifier = false)
    {
        var writer = new GgufWriter();
        writer.Set("general.architecture", "bert");
        writer.Set("general.name", classifier ? "ranker" : "encoder");
        writer.Set("general.type", "model");
        writer.Set("general.file_type", 0u);
        writer.Set("bert.context_length", (uint)ContextLength);
        writer.Set("bert.embedding_length", (uint)Width);
        writer.Set("bert.block_count", (uint)Layers);
        writer.Set("bert.feed_forward_length", (uint)FeedForward);
        writer.Set("bert.attention.head_count", 2u);
        writer.Set("bert.attention.layer_norm_epsilon", 1e-5f);
        writer.Set("bert.attention.causal", false);
        writer.Set("tokenizer.ggml.token_type_count", 1u);
        if (pooling is { } type)
        {
            writer.Set("bert.pooling_type", (uint)type);
        }

        ByteVocabulary.WriteTo(writer, addEndOfSequence: true);
        WriteTensors(writer, classifier);
        writer.Write(path);
    }

    private static void WriteTensors(GgufWriter writer, bool classifier)
    {
        ulong seed = 4000;
        void Weights(string name, long[] shape, float deviation) => writer.AddTensor(name, TensorType.F32, shape, TensorFill.Random(TensorType.F32, shape, deviation, ++seed));
        void Constant(string name, float value) => writer.AddTensor(name, TensorType.F32, [Width], TensorFill.Of(TensorType.F32, [Width], (_, _) => value));
        void Norm(string name)
        {
            Constant(name + ".weight", 1);
            Constant(name + ".bias", 0);
        }

        var narrow = 1 / MathF.Sqrt(Width);
        Weights("token_embd.weight", [Width, ByteVocabulary.Count], 1);
        Weights("position_embd.weight", [Width, ContextLength], 0.3f);
        Norm("token_embd_norm");
        for (var layer = 0; layer < Layers; layer++)
        {
            var block = $"blk.{layer}.";
            Weights(block + "attn_q.weight", [Width, Width], 2 * narrow);
            Weights(block + "attn_k.weight", [Width, Width], 2 * narrow);
            Weights(block + "attn_v.weight", [Width, Width], narrow);
            Weights(block + "attn_output.weight", [Width, Width], narrow);
            Norm(block + "attn_output_norm");
            Weights(block + "ffn_up.weight", [Width, FeedForward], narrow);
            Weights(block + "ffn_down.weight", [FeedForward, Width], 1 / MathF.Sqrt(FeedForward));
            Norm(block + "layer_output_norm");
        }

        if (classifier)
        {
            writer.AddTensor("cls.weight", TensorType.F32, [Width, Width], TensorFill.Of(TensorType.F32, [Width, Width], static (column, row) => column == row ? 1 : 0));
            Constant("cls.bias", 0);
            writer.AddTensor("cls.output.weight", TensorType.F32, [Width, 1], TensorFill.Of(TensorType.F32, [Width, 1], static (column, _) => column == 0 ? 1 : 0));
        }
    }
}
