using System.Buffers;
using System.Text;
using FleetOps.LlamaCpp.Native;

namespace FleetOps.LlamaCpp.Models;

/// <summary>
/// A model's tokens. It does not change, so its members may be used from any thread as long as the model is not disposed.
/// Token ids outside of 0 to <see cref="Count"/> - 1 are refused with an <see cref="ArgumentOutOfRangeException"/>,
/// because llama.cpp would end the process.
/// </summary>
public sealed unsafe class LlamaVocabulary
{
    private const int PieceSize = 256;
    private const int SpecialTokens = 8;

    private readonly ModelHandle _model;
    private readonly nint _vocabulary;
    private readonly bool _hasTokenizer;
    private readonly Lazy<int[]> _endOfGeneration;

    internal LlamaVocabulary(ModelHandle model)
    {
        _model = model;
        _vocabulary = LlamaNative.llama_model_get_vocab(model.Pointer);
        _hasTokenizer = LlamaNative.llama_vocab_type(_vocabulary) != 0;
        Count = LlamaNative.llama_vocab_n_tokens(_vocabulary);
        BeginOfSequence = Optional(LlamaNative.llama_vocab_bos(_vocabulary));
        EndOfSequence = Optional(LlamaNative.llama_vocab_eos(_vocabulary));
        EndOfTurn = Optional(LlamaNative.llama_vocab_eot(_vocabulary));
        Separator = Optional(LlamaNative.llama_vocab_sep(_vocabulary));
        AddsSeparator = LlamaNative.llama_vocab_get_add_sep(_vocabulary) != 0;
        AddsBeginOfSequence = LlamaNative.llama_vocab_get_add_bos(_vocabulary) != 0;
        AddsEndOfSequence = LlamaNative.llama_vocab_get_add_eos(_vocabulary) != 0;
        _endOfGeneration = new(() => [.. Enumerable.Range(0, Count).Where(IsEndOfGeneration)]);
    }

    /// <summary>Number of tokens.</summary>
    public int Count { get; }

    /// <summary>The token that begins a text; null when there is none.</summary>
    public int? BeginOfSequence { get; }

    /// <summary>The token that ends a text; null when there is none.</summary>
    public int? EndOfSequence { get; }

    /// <summary>The token that ends a turn of a chat; null when there is none.</summary>
    public int? EndOfTurn { get; }

    /// <summary>The token that keeps two texts apart; null when there is none.</summary>
    public int? Separator { get; }

    /// <summary>Whether the model wants <see cref="Separator"/> between two texts.</summary>
    public bool AddsSeparator { get; }

    /// <summary>Whether the model wants <see cref="BeginOfSequence"/> before a text.</summary>
    public bool AddsBeginOfSequence { get; }

    /// <summary>Whether the model wants <see cref="EndOfSequence"/> after a text.</summary>
    public bool AddsEndOfSequence { get; }

    /// <summary>The tokens that end the generation.</summary>
    public IReadOnlyList<int> EndOfGeneration => _endOfGeneration.Value;

    internal ModelHandle Model => _model;

    internal nint Pointer
    {
        get
        {
            ObjectDisposedException.ThrowIf(_model.IsClosed, typeof(LlamaModel));
            return _vocabulary;
        }
    }

    // llama.cpp aborts the process when a model without a tokenizer is asked for text.
    private nint Tokenizer => _hasTokenizer
        ? Pointer
        : throw new LlamaException(LlamaFault.TokenizationFailed, "The model has no tokenizer (tokenizer.ggml.model is none), so text and tokens cannot be converted.");

    /// <summary>Splits a text into tokens.</summary>
    /// <param name="text">The text.</param>
    /// <param name="addSpecial">Add the begin and end tokens that the model wants.</param>
    /// <param name="parseSpecial">Take the spelling of a control token, such as <c>&lt;|im_end|&gt;</c>, for that token instead of for text. Not for text of unknown origin.</param>
    /// <exception cref="LlamaException">The text cannot be tokenized.</exception>
    public int[] Tokenize(string text, bool addSpecial, bool parseSpecial)
    {
        ArgumentNullException.ThrowIfNull(text);
        var bytes = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(text.Length));
        try
        {
            return Tokenize(bytes.AsSpan(0, Encoding.UTF8.GetBytes(text, bytes)), addSpecial, parseSpecial);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    /// <inheritdoc cref="Tokenize(string, bool, bool)" />
    public int[] Tokenize(ReadOnlySpan<byte> text, bool addSpecial, bool parseSpecial)
    {
        // No token stands for less than a byte, so this is enough nearly always; else llama.cpp says what it needs.
        var tokens = ArrayPool<int>.Shared.Rent(text.Length + SpecialTokens);
        try
        {
            var count = Tokenize(text, tokens, addSpecial, parseSpecial);
            if (count < 0)
            {
                ArrayPool<int>.Shared.Return(tokens);
                tokens = ArrayPool<int>.Shared.Rent(-count);
                count = Tokenize(text, tokens, addSpecial, parseSpecial);
            }

            return tokens.AsSpan(0, count).ToArray();
        }
        finally
        {
            ArrayPool<int>.Shared.Return(tokens);
        }
    }

    /// <summary>The bytes of a token. A character of several bytes may be spread over several tokens.</summary>
    /// <param name="token">The token.</param>
    /// <param name="special">Give control tokens their spelling; else they have no bytes.</param>
    public byte[] TokenToPiece(int token, bool special = false)
    {
        Span<byte> piece = stackalloc byte[PieceSize];
        var length = TokenToPiece(token, piece, special);
        if (length <= PieceSize)
        {
            return piece[..length].ToArray();
        }

        var large = new byte[length];
        _ = TokenToPiece(token, large, special);
        return large;
    }

    /// <summary>Writes the bytes of a token and gives their number; when it is more than the destination holds, nothing usable was written.</summary>
    /// <inheritdoc cref="TokenToPiece(int, bool)" />
    public int TokenToPiece(int token, Span<byte> destination, bool special = false)
    {
        CheckToken(token);
        fixed (byte* start = destination)
        {
            var length = LlamaNative.llama_token_to_piece(Tokenizer, token, start, destination.Length, lstrip: 0, special ? (byte)1 : (byte)0);
            GC.KeepAlive(_model);
            return Math.Abs(length);
        }
    }

    /// <summary>The text of tokens, with what is not UTF-8 replaced.</summary>
    /// <param name="tokens">The tokens.</param>
    /// <param name="special">Give control tokens their spelling.</param>
    public string Detokenize(ReadOnlySpan<int> tokens, bool special = false)
    {
        foreach (var token in tokens)
        {
            CheckToken(token);
        }

        var buffer = new byte[Math.Max(64, tokens.Length * 8)];
        while (true)
        {
            fixed (int* first = tokens)
            fixed (byte* start = buffer)
            {
                var length = LlamaNative.llama_detokenize(Tokenizer, first, tokens.Length, start, buffer.Length, removeSpecial: 0, special ? (byte)1 : (byte)0);
                GC.KeepAlive(_model);
                if (length >= 0)
                {
                    return Encoding.UTF8.GetString(buffer.AsSpan(0, length));
                }

                buffer = new byte[-length];
            }
        }
    }

    /// <summary>Whether a token ends the generation: end of text, end of turn, or another that the model marks so.</summary>
    public bool IsEndOfGeneration(int token)
    {
        CheckToken(token);
        var answer = LlamaNative.llama_vocab_is_eog(Pointer, token) != 0;
        GC.KeepAlive(_model);
        return answer;
    }

    /// <summary>Whether a token steers the model and is not text.</summary>
    public bool IsControl(int token)
    {
        CheckToken(token);
        var answer = LlamaNative.llama_vocab_is_control(Pointer, token) != 0;
        GC.KeepAlive(_model);
        return answer;
    }

    internal void CheckToken(int token, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(token))] string? name = null)
    {
        if ((uint)token >= (uint)Count)
        {
            throw new ArgumentOutOfRangeException(name, token, $"Token {token} is not in the vocabulary; its tokens are 0 to {Count - 1}.");
        }
    }

    private int Tokenize(ReadOnlySpan<byte> text, int[] tokens, bool addSpecial, bool parseSpecial)
    {
        if (addSpecial && ((AddsBeginOfSequence && BeginOfSequence is null) || (AddsEndOfSequence && EndOfSequence is null) || (AddsSeparator && Separator is null)))
        {
            // llama.cpp aborts the process.
            throw new LlamaException(LlamaFault.TokenizationFailed, "The model's file wants a begin, end or separator token around texts and names none (tokenizer.ggml.add_*_token); tokenize without special tokens, or convert the model anew.");
        }

        var error = stackalloc byte[ShimText.ErrorSize];
        fixed (byte* start = text)
        fixed (int* first = tokens)
        {
            var empty = (byte)0;
            var count = ShimNative.fleetops_tokenize(
                Tokenizer, start == null ? &empty : start, text.Length, first, tokens.Length, addSpecial ? 1 : 0, parseSpecial ? 1 : 0, error, ShimText.ErrorSize);
            GC.KeepAlive(_model);
            return count == int.MinValue
                ? throw new LlamaException(LlamaFault.TokenizationFailed, $"A text of {text.Length} bytes cannot be tokenized: {ShimText.Error(error)}")
                : count;
        }
    }

    private static int? Optional(int token) => token >= 0 ? token : null;
}
