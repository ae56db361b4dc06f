namespace FleetOps.TestModels;

/// <summary>LoRA adapters for the test models.</summary>
public static class LoraAdapter
{
    /// <summary>
    /// Writes an adapter of rank 1 for <see cref="SuccessorModel"/>, made by hand: after one letter comes another than the next.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="after">The letter.</param>
    /// <param name="next">What comes after it.</param>
    /// <param name="architecture">The architecture that the file names.</param>
    /// <param name="tensor">The tensor of the model that it changes.</param>
    /// <param name="rows">Rows of the larger matrix; null is one for each token, which fits.</param>
    /// <param name="type">What the file says that it is.</param>
    public static void WriteSuccessor(
        string path, string after, string next, string architecture = "llama", string tensor = "output.weight", int? rows = null, string type = "adapter")
    {
        const int Rank = 1;
        var writer = Begin(architecture, type, alpha: Rank);
        int source = ByteVocabulary.Token(after), target = ByteVocabulary.Token(next);
        long[] down = [ByteVocabulary.Count, Rank], up = [Rank, rows ?? ByteVocabulary.Count];
        writer.AddTensor($"{tensor}.lora_a", TensorType.F32, down, TensorFill.Of(TensorType.F32, down, (column, _) => column == source ? 1 : 0));
        writer.AddTensor($"{tensor}.lora_b", TensorType.F32, up, TensorFill.Of(TensorType.F32, up, (_, row) => row == target ? 2 : 0));
        writer.Write(path);
    }

    /// <summary>Writes an adapter with random weights for the queries of a <see cref="RandomModel"/>.</summary>
    /// <param name="path">The file.</param>
    /// <param name="shape">The shape of the model; null is <see cref="LlamaShape.Tiny"/>.</param>
    /// <param name="rank">Width of the matrices between.</param>
    /// <param name="seed">What the weights depend on.</param>
    public static void WriteRandom(string path, LlamaShape? shape = null, int rank = 4, ulong seed = 1)
    {
        shape ??= LlamaShape.Tiny;
        var writer = Begin("llama", "adapter", alpha: 2 * rank);
        var next = seed * 1000;
        void Add(string name, long[] dimensions, float deviation) => writer.AddTensor(name, TensorType.F32, dimensions, TensorFill.Random(TensorType.F32, dimensions, deviation, ++next));
        for (var layer = 0; layer < shape.Layers; layer++)
        {
            Add($"blk.{layer}.attn_q.weight.lora_a", [shape.Embedding, rank], 1 / MathF.Sqrt(shape.Embedding));
            Add($"blk.{layer}.attn_q.weight.lora_b", [rank, shape.Embedding], 1);
        }

        writer.Write(path);
    }

    private static GgufWriter Begin(string architecture, string type, float alpha)
    {
        var writer = new GgufWriter();
        writer.Set("general.architecture", architecture);
        writer.Set("general.type", type);
        writer.Set("adapter.type", "lora");
        writer.Set("adapter.lora.alpha", alpha);
        return writer;
    }
}
