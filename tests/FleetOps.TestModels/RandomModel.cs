namespace FleetOps.TestModels;

/// <summary>A model of the llama architecture with random weights.</summary>
public static class RandomModel
{
    /// <summary>Writes it. The same shape and seed give the same file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="shape">Its shape; null is <see cref="LlamaShape.Tiny"/>.</param>
    /// <param name="seed">What the weights depend on.</param>
    /// <param name="tokenizer">Whether it has a vocabulary.</param>
    /// <param name="pooling">llama.cpp's number of the pooling that the file names, which makes it an embedding model; null for none.</param>
    public static void Write(string path, LlamaShape? shape = null, ulong seed = 1, bool tokenizer = true, int? pooling = null)
    {
        shape ??= LlamaShape.Tiny;
        var writer = new GgufWriter();
        LlamaArchitecture.WriteHeader(writer, "random", shape, tokenizer);
        writer.Set("tokenizer.chat_template", ByteVocabulary.ChatTemplate);
        if (pooling is { } type)
        {
            writer.Set("llama.pooling_type", (uint)type);
        }

        var next = seed * 1000;
        Action<Stream> Fill(long[] dimensions, float deviation) => TensorFill.Random(shape.Type, dimensions, deviation, ++next);
        LlamaArchitecture.WriteTensors(writer, shape, Fill, Fill([shape.Embedding, shape.Vocabulary], 1),
            Fill([shape.Embedding, shape.Vocabulary], 3 / MathF.Sqrt(shape.Embedding)));
        writer.Write(path);
    }
}
