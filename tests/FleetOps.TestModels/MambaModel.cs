namespace FleetOps.TestModels;

/// <summary>A small model of the mamba architecture with random weights. It is recurrent: one state stands for all tokens of a sequence.</summary>
public static class MambaModel
{
    private const int Width = 64;
    private const int Layers = 2;
    private const int Inner = 2 * Width;
    private const int State = 16;
    private const int Rank = 4;
    private const int Kernel = 4;

    /// <summary>Writes it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="seed">What the weights depend on.</param>
    public static void Write(string path, ulong seed = 1)
    {
        var writer = new GgufWriter();
        writer.Set("general.architecture", "mamba");
        writer.Set("general.name", "mamba");
        writer.Set("general.type", "model");
        writer.Set("general.file_type", 0u);
        writer.Set("mamba.vocab_size", (uint)ByteVocabulary.Count);
        writer.Set("mamba.context_length", 2048u);
        writer.Set("mamba.embedding_length", (uint)Width);
        writer.Set("mamba.feed_forward_length", 0u);
        writer.Set("mamba.attention.head_count", 0u);
        writer.Set("mamba.block_count", (uint)Layers);
        writer.Set("mamba.attention.layer_norm_rms_epsilon", 1e-5f);
        writer.Set("mamba.ssm.conv_kernel", (uint)Kernel);
        writer.Set("mamba.ssm.inner_size", (uint)Inner);
        writer.Set("mamba.ssm.state_size", (uint)State);
        writer.Set("mamba.ssm.time_step_rank", (uint)Rank);
        ByteVocabulary.WriteTo(writer);

        var next = seed * 1000;
        void Weights(string name, long[] dimensions, float deviation) =>
            writer.AddTensor(name, TensorType.F32, dimensions, TensorFill.Random(TensorType.F32, dimensions, deviation, ++next));
        void Values(string name, long[] dimensions, Func<long, long, float> value) =>
            writer.AddTensor(name, TensorType.F32, dimensions, TensorFill.Of(TensorType.F32, dimensions, value));

        Weights("token_embd.weight", [Width, ByteVocabulary.Count], 1);
        for (var layer = 0; layer < Layers; layer++)
        {
            var block = $"blk.{layer}.";
            Values(block + "attn_norm.weight", [Width], static (_, _) => 1);
            Weights(block + "ssm_in.weight", [Width, 2 * Inner], 2 / MathF.Sqrt(Width));
            Weights(block + "ssm_conv1d.weight", [Kernel, Inner], 1 / MathF.Sqrt(Kernel));
            Values(block + "ssm_conv1d.bias", [Inner], static (_, _) => 0);
            Weights(block + "ssm_x.weight", [Inner, Rank + (2 * State)], 1 / MathF.Sqrt(Inner));
            Weights(block + "ssm_dt.weight", [Rank, Inner], 1 / MathF.Sqrt(Rank));
            Values(block + "ssm_dt.bias", [Inner], static (_, _) => -2);
            // The state fades with the powers of e, as in trained models.
            Values(block + "ssm_a", [State, Inner], static (column, _) => -(column + 1));
            Values(block + "ssm_d", [Inner], static (_, _) => 1);
            Weights(block + "ssm_out.weight", [Inner, Width], 2 / MathF.Sqrt(Inner));
        }

        Values("output_norm.weight", [Width], static (_, _) => 1);
        Weights("output.weight", [Width, ByteVocabulary.Count], 3 / MathF.Sqrt(Width));
        writer.Write(path);
    }
}
