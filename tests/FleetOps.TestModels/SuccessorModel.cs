namespace FleetOps.TestModels;

/// <summary>
/// A model whose weights are made by hand: a letter is followed by the next, <c>z</c> by the end of the turn, anything
/// else by <c>a</c>. Embeddings are one-hot and the layers add nothing, so that rounding cannot change what it says.
/// </summary>
public static class SuccessorModel
{
    /// <summary>Writes it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="chatTemplate">Its chat template; null for none.</param>
    public static void Write(string path, string? chatTemplate = ByteVocabulary.ChatTemplate) => Make(chatTemplate).Write(path);

    /// <summary>Writes it in several files; returns their paths.</summary>
    /// <param name="prefix">What their paths begin with.</param>
    /// <param name="count">How many files.</param>
    public static IReadOnlyList<string> WriteSplit(string prefix, int count) => Make(ByteVocabulary.ChatTemplate).WriteSplit(prefix, count);

    private static GgufWriter Make(string? chatTemplate)
    {
        var shape = new LlamaShape(ByteVocabulary.Count, Layers: 1, Heads: 4, KeyValueHeads: 4, FeedForward: 32, Type: TensorType.F16);
        var writer = new GgufWriter();
        LlamaArchitecture.WriteHeader(writer, "successor", shape);
        if (chatTemplate is not null)
        {
            writer.Set("tokenizer.chat_template", chatTemplate);
        }

        long[] square = [shape.Embedding, ByteVocabulary.Count];
        LlamaArchitecture.WriteTensors(writer, shape,
            (dimensions, _) => TensorFill.Of(shape.Type, dimensions, static (_, _) => 0),
            TensorFill.Of(shape.Type, square, static (column, row) => column == row ? 1 : 0),
            TensorFill.Of(shape.Type, square, static (column, row) => Successor((int)column) == row ? 1 : 0));
        return writer;
    }

    private static int Successor(int token)
    {
        int first = ByteVocabulary.Token("a"), last = ByteVocabulary.Token("z");
        return token == last ? ByteVocabulary.Token(ByteVocabulary.EndOfTurn) : token >= first && token < last ? token + 1 : first;
    }
}
