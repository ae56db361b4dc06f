using System.Text;
using FleetOps.LlamaCpp.Models;
using FleetOps.TestModels;
using FsCheck.Xunit;

namespace FleetOps.LlamaCpp.Tests.Models;

public sealed class LlamaVocabularyTests(LlamaFixture llama)
{
    private LlamaVocabulary Vocabulary => llama.Random.Vocabulary;

    [Theory]
    [InlineData("")]
    [InlineData("The quick brown fox")]
    [InlineData("Zürich, 東京, 🦙🦙")]
    [InlineData("  two  spaces\n\ttabs\r\n")]
    [InlineData("a\0b")]
    public void Text_comes_back_as_it_was(string text)
    {
        var tokens = Vocabulary.Tokenize(text, addSpecial: false, parseSpecial: false);

        Assert.Equal(text, Text(tokens));
        Assert.Equal(text, Vocabulary.Detokenize(tokens));
    }

    [Property(MaxTest = 300)]
    public bool Any_text_comes_back_as_it_was(string? text)
    {
        // A lone surrogate is no text; .NET replaces it when it encodes.
        var bytes = Encoding.UTF8.GetBytes((text ?? "").Replace('\u2581', ' '));
        var tokens = Vocabulary.Tokenize(bytes, addSpecial: false, parseSpecial: false);
        return bytes.AsSpan().SequenceEqual(tokens.SelectMany(token => Vocabulary.TokenToPiece(token)).ToArray());
    }

    [Property(MaxTest = 300)]
    public bool Any_bytes_can_be_tokenized(byte[] bytes) =>
        Vocabulary.Tokenize(bytes ?? [], addSpecial: false, parseSpecial: true).All(token => token >= 0 && token < Vocabulary.Count);

    [Fact]
    public void A_character_may_be_spread_over_tokens()
    {
        var tokens = Vocabulary.Tokenize("🦙", addSpecial: false, parseSpecial: false);

        Assert.Equal(4, tokens.Length);
        Assert.All(tokens, token => Assert.Single(Vocabulary.TokenToPiece(token)));
        Assert.Equal("🦙", Text(tokens));
    }

    [Fact]
    public void Special_tokens_are_added_on_request()
    {
        var plain = Vocabulary.Tokenize("hi", addSpecial: false, parseSpecial: false);

        Assert.Equal([ByteVocabulary.Token("<s>"), .. plain], Vocabulary.Tokenize("hi", addSpecial: true, parseSpecial: false));
        Assert.True(Vocabulary.AddsBeginOfSequence);
        Assert.Equal(ByteVocabulary.Token("<s>"), Vocabulary.BeginOfSequence);
    }

    [Fact]
    public void Control_tokens_are_parsed_on_request_only()
    {
        var token = ByteVocabulary.Token(ByteVocabulary.EndOfTurn);

        Assert.Equal([token], Vocabulary.Tokenize(ByteVocabulary.EndOfTurn, addSpecial: false, parseSpecial: true));
        Assert.DoesNotContain(token, Vocabulary.Tokenize(ByteVocabulary.EndOfTurn, addSpecial: false, parseSpecial: false));
        Assert.True(Vocabulary.IsControl(token));
        Assert.True(Vocabulary.IsEndOfGeneration(token));
        Assert.False(Vocabulary.IsEndOfGeneration(ByteVocabulary.Token("a")));
        Assert.Empty(Vocabulary.TokenToPiece(token));
        Assert.Equal(ByteVocabulary.EndOfTurn, Encoding.UTF8.GetString(Vocabulary.TokenToPiece(token, special: true)));
    }

    [Fact]
    public void A_piece_that_does_not_fit_says_what_it_needs()
    {
        Span<byte> small = stackalloc byte[2];

        Assert.Equal(5, Vocabulary.TokenToPiece(ByteVocabulary.Token("false"), small));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(384)]
    [InlineData(int.MaxValue)]
    [InlineData(int.MinValue)]
    public void A_token_that_does_not_exist_is_refused(int token)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Vocabulary.TokenToPiece(token));
        Assert.Throws<ArgumentOutOfRangeException>(() => Vocabulary.IsEndOfGeneration(token));
        Assert.Throws<ArgumentOutOfRangeException>(() => Vocabulary.IsControl(token));
        Assert.Throws<ArgumentOutOfRangeException>(() => Vocabulary.Detokenize([token]));
    }

    [Fact]
    public void A_disposed_model_is_noticed()
    {
        var model = LlamaModel.Load(llama.Runtime, llama.Random.Path, new ModelParameters());
        model.Dispose();

        Assert.Throws<ObjectDisposedException>(() => model.Vocabulary.Tokenize("x", addSpecial: false, parseSpecial: false));
    }

    [Fact]
    public void A_model_without_a_tokenizer_says_so()
    {
        var path = Path.Combine(llama.Folder, "no-tokenizer.gguf");
        RandomModel.Write(path, tokenizer: false);
        using var model = LlamaModel.Load(llama.Runtime, path, new ModelParameters());

        var thrown = Assert.Throws<LlamaException>(() => model.Vocabulary.Tokenize("x", addSpecial: false, parseSpecial: false));

        Assert.Equal(LlamaFault.TokenizationFailed, thrown.Fault);
    }

    private string Text(IEnumerable<int> tokens) => Encoding.UTF8.GetString([.. tokens.SelectMany(token => Vocabulary.TokenToPiece(token))]);
}
