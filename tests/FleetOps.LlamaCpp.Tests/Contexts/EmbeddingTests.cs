using FleetOps.LlamaCpp.Contexts;
using FleetOps.LlamaCpp.Models;
using FleetOps.TestModels;

namespace FleetOps.LlamaCpp.Tests.Contexts;

public sealed class EmbeddingTests(LlamaFixture llama)
{
    private static readonly int[] Text = [1, 70, 80, 90, 100];

    [Fact]
    public void A_file_says_what_its_model_is()
    {
        using var encoder = Encoder(pooling: 2);
        using var ranker = Encoder(pooling: 4, classifier: true);

        Assert.Equal(PoolingType.Cls, encoder.Pooling);
        Assert.False(encoder.IsCausal);
        Assert.Equal(64, encoder.EmbeddingOutputLength);
        Assert.Equal(PoolingType.Rank, ranker.Pooling);
        Assert.Equal(1, ranker.ClassCount);
        Assert.Null(llama.Random.Pooling);
        Assert.True(llama.Random.IsCausal);
    }

    [Theory]
    [InlineData(PoolingType.Mean)]
    [InlineData(PoolingType.Cls)]
    [InlineData(PoolingType.Last)]
    public void Pooling_combines_the_embeddings_of_the_tokens(PoolingType pooling)
    {
        using var model = Encoder();
        var tokens = TokenEmbeddings(model, Text);
        var expected = pooling switch
        {
            PoolingType.Mean => [.. Enumerable.Range(0, tokens[0].Length).Select(i => tokens.Average(token => token[i]))],
            PoolingType.Cls => tokens[0],
            _ => tokens[^1],
        };

        Near(expected, Pooled(model, pooling, Text)[0]);
    }

    [Fact]
    public void A_causal_model_embeds_too()
    {
        var tokens = TokenEmbeddings(llama.Random, Text);

        Near(tokens[^1], Pooled(llama.Random, PoolingType.Last, Text)[0]);
        Near(Pooled(llama.Random, PoolingType.Mean, Text)[0], Pooled(llama.Random, PoolingType.Mean, Text, [1, 60])[0]);
    }

    [Fact]
    public void A_text_has_the_same_embedding_alone_and_among_others()
    {
        using var model = Encoder();
        int[][] texts = [Text, [1], [5, 6, 7, 8, 9, 10, 11, 12], [1, 2, 3]];

        var together = Pooled(model, PoolingType.Mean, texts);

        for (var i = 0; i < texts.Length; i++)
        {
            Near(Pooled(model, PoolingType.Mean, texts[i])[0], together[i]);
        }
    }

    [Fact]
    public void A_reranker_gives_the_score_of_its_classifier()
    {
        using var model = Encoder(pooling: 4, classifier: true);

        var score = Assert.Single(Pooled(model, pooling: null, Text)[0]);

        Assert.Equal(MathF.Tanh(TokenEmbeddings(model, Text)[0][0]), score, 1e-4f);
    }

    [Fact]
    public void Positions_that_the_model_lacks_are_refused()
    {
        using var model = Encoder();
        using var context = new LlamaContext(model, Shape(PoolingType.Mean));
        using var batch = new LlamaBatch(context.BatchSize);
        batch.Add(1, EncoderModel.ContextLength, 0, output: true);

        Assert.Contains("knows 128 positions", Assert.Throws<ArgumentException>(() => context.Decode(batch)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tokens_that_see_one_another_must_fit_into_one_piece()
    {
        using var model = Encoder();
        using var context = new LlamaContext(model, LlamaFixture.Small() with { BatchSize = 64, MicroBatchSize = 32 });
        using var batch = new LlamaBatch(64);
        for (var i = 0; i < 33; i++)
        {
            batch.Add(1, i, 0, output: true);
        }

        Assert.Contains("1 to 32 tokens, not 33", Assert.Throws<ArgumentException>(() => context.Decode(batch)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_context_does_not_put_out_is_refused()
    {
        using var logits = new LlamaContext(llama.Random, LlamaFixture.Small());
        using var pooled = new LlamaContext(llama.Random, Shape(PoolingType.Mean));
        using var single = new LlamaContext(llama.Random, Shape(PoolingType.None));

        Assert.Contains("puts out logits", Assert.Throws<InvalidOperationException>(() => logits.GetSequenceEmbedding(0).Length).Message, StringComparison.Ordinal);
        Assert.Contains("by Mean", Assert.Throws<InvalidOperationException>(() => pooled.GetTokenEmbedding(0).Length).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => single.GetSequenceEmbedding(0).Length);
        Assert.Equal(LlamaFault.DecodeFailed, Assert.Throws<LlamaException>(() => pooled.GetSequenceEmbedding(3).Length).Fault);
        Assert.Throws<ArgumentOutOfRangeException>(() => single.GetTokenEmbedding(0).Length);
    }

    [Fact]
    public void Parameters_that_contradict_embeddings_are_named()
    {
        AssertRefused(static shape => shape with { MicroBatchSize = 8 }, "MicroBatchSize");
        AssertRefused(static shape => shape with { UnifiedCache = false, CacheTokens = null }, "UnifiedCache");
        AssertRefused(static shape => shape with { UnifiedCache = false }, "CacheTokens");
        AssertRefused(static shape => shape with { Embeddings = false }, "Pooling");
        AssertRefused(static shape => shape with { Pooling = (PoolingType)9 }, "Pooling");
        AssertRefused(static shape => shape with { CacheTokens = 0 }, "CacheTokens");
    }

    private static ContextParameters Shape(PoolingType? pooling) => new()
    {
        ContextLength = 256,
        MaxSequences = 4,
        BatchSize = 256,
        MicroBatchSize = 256,
        CacheTokens = 256,
        UnifiedCache = true,
        Embeddings = true,
        Pooling = pooling,
        Threads = 1,
    };

    private static float[][] Pooled(LlamaModel model, PoolingType? pooling, params int[][] texts)
    {
        using var context = new LlamaContext(model, Shape(pooling));
        Decode(context, texts);
        return [.. texts.Select((_, sequence) => context.GetSequenceEmbedding(sequence).ToArray())];
    }

    private static float[][] TokenEmbeddings(LlamaModel model, int[] text)
    {
        using var context = new LlamaContext(model, Shape(PoolingType.None));
        Decode(context, text);
        return [.. text.Select((_, index) => context.GetTokenEmbedding(index).ToArray())];
    }

    private static void Decode(LlamaContext context, params int[][] texts)
    {
        using var batch = new LlamaBatch(context.BatchSize);
        for (var sequence = 0; sequence < texts.Length; sequence++)
        {
            for (var position = 0; position < texts[sequence].Length; position++)
            {
                batch.Add(texts[sequence][position], position, sequence, output: true);
            }
        }

        Assert.Equal(DecodeStatus.Success, context.Decode(batch));
    }

    private static void Near(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.All(expected.Zip(actual), static pair => Assert.Equal(pair.First, pair.Second, 1e-3f));
        Assert.Contains(actual, static value => Math.Abs(value) > 0.05f);
    }

    private void AssertRefused(Func<ContextParameters, ContextParameters> change, string name) =>
        Assert.Equal(name, Assert.Throws<ArgumentException>(() => new LlamaContext(llama.Random, change(Shape(PoolingType.Mean)))).ParamName);

    private LlamaModel Encoder(int? pooling = 1, bool classifier = false)
    {
        var path = Path.Combine(llama.Folder, $"encoder-{pooling}-{classifier}.gguf");
        EncoderModel.Write(path, pooling, classifier);
        return LlamaModel.Load(llama.Runtime, path, new ModelParameters());
    }
}
