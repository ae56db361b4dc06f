namespace FleetOps.TestModels;

/// <summary>A small model of the gemma2 architecture with random weights: every other layer sees only the last <see cref="Window"/> tokens.</summary>
public static class SlidingWindowModel
{
    /// <summary>How many tokens those layers see.</summary>
    public const int Window = 24;

    private const int Width = 64;
    private const int Layers = 4;
    private const int Heads = 2;
    private const int HeadWidth = 32;
    private const int FeedForward = 128;

    /// <summary>Writes it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="seed">What the weights depend on.</param>
    public static void Write(string path, ulong seed = 1)
    {
        var writer = new GgufWriter();
        writer.Set("general.architecture", "gemma2");
        writer.Set("general.name", "sliding");
        writer.Set("general.type", "model");
        writer.Set("general.file_type", 0u);
        writer.Set("gemma2.vocab_size", (uint)ByteVocabulary.Count);
        writer.Set("gemma2.context_length", 2048u);
        writer.Set("gemma2.embedding_length", (uint)Width);
        writer.Set("gemma2.block_count", (uint)Layers);
        writer.Set("gemma2.feed_forward_length", (uint)FeedForward);
        writer.Set("gemma2.attention.head_count", (uint)Heads);
        writer.Set("gemma2.attention.head_count_kv", 1u);
        writer.Set("gemma2.attention.key_length", (uint)HeadWidth);
        writer.Set("gemma2.attention.value_length", (uint)HeadWidth);
        writer.Set("gemma2.attention.sliding_window", (uint)Window);
        writer.Set("gemma2.attention.layer_norm_rms_epsilon", 1e-5f);
        ByteVocabulary.WriteTo(writer);
        writer.Set("tokenizer.chat_template", ByteVocabulary.ChatTemplate);

        var next = seed * 1000;
        void Weights(string name, long[] dimensions, float deviation) =>
            writer.AddTensor(name, TensorType.F32, dimensions, TensorFill.Random(TensorType.F32, dimensions, deviation, ++next));
        void Norm(string name) => writer.AddTensor(name, TensorType.F32, [Width], TensorFill.Of(TensorType.F32, [Width], static (_, _) => 1));

        float narrow = 1 / MathF.Sqrt(Width), wide = 1 / MathF.Sqrt(FeedForward);
        // Answers are read from the embedding too, so that it is neither too flat for a clear winner nor all that matters.
        Weights("token_embd.weight", [Width, ByteVocabulary.Count], 3 * narrow);
        for (var layer = 0; layer < Layers; layer++)
        {
            var block = $"blk.{layer}.";
            Norm(block + "attn_norm.weight");
            Weights(block + "attn_q.weight", [Width, Heads * HeadWidth], 2 * narrow);
            Weights(block + "attn_k.weight", [Width, HeadWidth], 2 * narrow);
            Weights(block + "attn_v.weight", [Width, HeadWidth], narrow);
            Weights(block + "attn_output.weight", [Heads * HeadWidth, Width], narrow);
            Norm(block + "post_attention_norm.weight");
            Norm(block + "ffn_norm.weight");
            Weights(block + "ffn_gate.weight", [Width, FeedForward], narrow);
            Weights(block + "ffn_up.weight", [Width, FeedForward], narrow);
            Weights(block + "ffn_down.weight", [FeedForward, Width], wide);
            Norm(block + "post_ffw_norm.weight");
        }

        Norm("output_norm.weight");
        writer.Write(path);
    }
}
