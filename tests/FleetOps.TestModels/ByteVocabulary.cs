using System.Globalization;

namespace FleetOps.TestModels;

/// <summary>
/// A SentencePiece vocabulary of 384 tokens: the 256 bytes, the printable ASCII characters, a few words, and ChatML's control tokens.
/// </summary>
public static class ByteVocabulary
{
    /// <summary>The template of ChatML.</summary>
    public const string ChatTemplate =
        "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

    /// <summary>The spelling of the token that ends a turn.</summary>
    public const string EndOfTurn = "<|im_end|>";

    private const int Unknown = 2;
    private const int Normal = 1;
    private const int Control = 3;
    private const int Unused = 5;
    private const int Byte = 6;
    private const int Multiple = 32;

    private static readonly (string Text, int Type, float Score)[] Entries = [.. Build()];

    /// <summary>Number of tokens.</summary>
    public static int Count => Entries.Length;

    /// <summary>The token of a text that is one.</summary>
    public static int Token(string text) => Array.FindIndex(Entries, entry => entry.Text == text);

    /// <summary>Writes the vocabulary into a model.</summary>
    /// <param name="writer">The model.</param>
    /// <param name="addEndOfSequence">Whether a text ends with the token that ends a turn, as encoders want it.</param>
    /// <param name="plainTokens">Words on top, whose ids begin with <see cref="Count"/>. No text is split into them, because nothing merges to them.</param>
    public static void WriteTo(GgufWriter writer, bool addEndOfSequence = false, int plainTokens = 0)
    {
        var entries = Entries.Concat(Enumerable.Range(0, plainTokens)
            .Select(static word => (Text: string.Create(CultureInfo.InvariantCulture, $"\u2581w{word}"), Type: Normal, Score: -100f))).ToArray();
        writer.Set("tokenizer.ggml.model", "llama");
        writer.Set("tokenizer.ggml.pre", "default");
        writer.Set("tokenizer.ggml.tokens", [.. entries.Select(static entry => entry.Text)]);
        writer.Set("tokenizer.ggml.scores", [.. entries.Select(static entry => entry.Score)]);
        writer.Set("tokenizer.ggml.token_type", [.. entries.Select(static entry => entry.Type)]);
        writer.Set("tokenizer.ggml.bos_token_id", (uint)Token("<s>"));
        writer.Set("tokenizer.ggml.eos_token_id", (uint)Token(EndOfTurn));
        writer.Set("tokenizer.ggml.unknown_token_id", (uint)Token("<unk>"));
        writer.Set("tokenizer.ggml.add_bos_token", true);
        writer.Set("tokenizer.ggml.add_eos_token", addEndOfSequence);
        writer.Set("tokenizer.ggml.add_space_prefix", false);
    }

    private static List<(string Text, int Type, float Score)> Build()
    {
        List<(string, int, float)> entries = [("<unk>", Unknown, 0), ("<s>", Control, 0), ("</s>", Control, 0)];
        entries.AddRange(Enumerable.Range(0, 256).Select(static value => ($"<0x{value.ToString("X2", CultureInfo.InvariantCulture)}>", Byte, 0f)));
        entries.AddRange([("<|im_start|>", Control, 0), (EndOfTurn, Control, 0), ("\u2581", Normal, -1)]);
        entries.AddRange(Enumerable.Range('!', '~' - '!' + 1).Select(static letter => (((char)letter).ToString(), Normal, -2f)));
        string[] pieces = ["th", "the", "\u2581the", "in", "er", "an", "ing", "true", "tr", "ue", "fa", "lse", "false"];
        entries.AddRange(pieces.Select(static piece => (piece, Normal, -1f / piece.Length)));
        while (entries.Count % Multiple != 0)
        {
            entries.Add(($"[PAD{entries.Count}]", Unused, -10_000));
        }

        return entries;
    }
}
