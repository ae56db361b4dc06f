namespace FleetOps.TestModels;

/// <summary>Metadata and tensors that llama.cpp expects of the llama architecture.</summary>
internal static class LlamaArchitecture
{
    public static void WriteHeader(GgufWriter writer, string name, LlamaShape shape, bool tokenizer = true)
    {
        writer.Set("general.architecture", "llama");
        writer.Set("general.name", name);
        writer.Set("general.type", "model");
        writer.Set("general.file_type", shape.Type switch { TensorType.F32 => 0u, TensorType.F16 => 1u, _ => 7u });
        writer.Set("general.quantization_version", 2u);
        writer.Set("llama.vocab_size", (uint)shape.Vocabulary);
        writer.Set("llama.context_length", (uint)shape.ContextLength);
        writer.Set("llama.embedding_length", (uint)shape.Embedding);
        writer.Set("llama.block_count", (uint)shape.Layers);
        writer.Set("llama.feed_forward_length", (uint)shape.FeedForward);
        writer.Set("llama.attention.head_count", (uint)shape.Heads);
        writer.Set("llama.attention.head_count_kv", (uint)shape.KeyValueHeads);
        writer.Set("llama.rope.dimension_count", (uint)(shape.Embedding / shape.Heads));
        writer.Set("llama.rope.freq_base", 10000f);
        writer.Set("llama.attention.layer_norm_rms_epsilon", 1e-5f);
        if (tokenizer)
        {
            ByteVocabulary.WriteTo(writer, plainTokens: shape.PlainTokens);
        }
        else
        {
            writer.Set("tokenizer.ggml.model", "no_vocab");
        }
    }

    /// <summary>Writes all tensors; <paramref name="weights"/> fills those of the layers, given shape and a fitting deviation.</summary>
    public static void WriteTensors(
        GgufWriter writer, LlamaShape shape, Func<long[], float, Action<Stream>> weights, Action<Stream> embedding, Action<Stream> output)
    {
        long width = shape.Embedding, keys = width / shape.Heads * shape.KeyValueHeads, feed = shape.FeedForward;
        float narrow = 1 / MathF.Sqrt(width), wide = 1 / MathF.Sqrt(feed);
        void Weights(string name, long[] dimensions, float deviation) => writer.AddTensor(name, shape.Type, dimensions, weights(dimensions, deviation));
        void Norm(string name) => writer.AddTensor(name, TensorType.F32, [width], TensorFill.Of(TensorType.F32, [width], static (_, _) => 1));

        writer.AddTensor("token_embd.weight", shape.Type, [width, shape.Vocabulary], embedding);
        for (var layer = 0; layer < shape.Layers; layer++)
        {
            var block = $"blk.{layer}.";
            Norm(block + "attn_norm.weight");
            Weights(block + "attn_q.weight", [width, width], 2 * narrow);
            Weights(block + "attn_k.weight", [width, keys], 2 * narrow);
            Weights(block + "attn_v.weight", [width, keys], narrow);
            Weights(block + "attn_output.weight", [width, width], narrow);
            Norm(block + "ffn_norm.weight");
            Weights(block + "ffn_gate.weight", [width, feed], narrow);
            Weights(block + "ffn_up.weight", [width, feed], narrow);
            Weights(block + "ffn_down.weight", [feed, width], wide);
        }

        Norm("output_norm.weight");
        writer.AddTensor("output.weight", shape.Type, [width, shape.Vocabulary], output);
    }
}
