using FleetOps.LlamaCpp.Contexts;
using FleetOps.LlamaCpp.Models;
using FleetOps.LlamaCpp.Sampling;

namespace FleetOps.LlamaCpp.Tests.Contexts;

public sealed class MemoryTests(LlamaFixture llama)
{
    private const int Count = 16;

    private LlamaModel Model => llama.Random;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_prefix_is_reused_after_its_tail_is_removed(bool unified)
    {
        int[] prefix = Tokens("a shared system prompt, long enough to matter", addSpecial: true), first = Tokens(" first"), second = Tokens(" second");
        using var context = new LlamaContext(Model, LlamaFixture.Small(maxSequences: 2, unified));

        Assert.Equal(Generation.Alone(Model, [.. prefix, .. first], Count, unified), Continue(context, [.. prefix, .. first], from: 0));
        Assert.True(context.MemorySequenceRemove(0, prefix.Length));
        Assert.Equal(prefix.Length - 1, context.MemorySequenceMaxPosition(0));
        Assert.Equal(Generation.Alone(Model, [.. prefix, .. second], Count, unified), Continue(context, second, prefix.Length));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_prefix_is_shared_by_copying_its_sequence(bool unified)
    {
        int[] prefix = Tokens("a shared system prompt, long enough to matter", addSpecial: true), tail = Tokens(" question");
        using var context = new LlamaContext(Model, LlamaFixture.Small(maxSequences: 3, unified));
        using var batch = new LlamaBatch(context.BatchSize);
        Generation.Prefill(context, batch, prefix);

        context.MemorySequenceCopy(0, 2);

        Assert.Equal(prefix.Length - 1, context.MemorySequenceMaxPosition(2));
        Assert.Equal(0, context.MemorySequenceMinPosition(2));
        Assert.Equal(-1, context.MemorySequenceMaxPosition(1));
        Assert.Equal(Generation.Alone(Model, [.. prefix, .. tail], Count, unified), Continue(context, tail, prefix.Length, sequence: 2));
    }

    [Fact]
    public void A_part_of_a_sequence_is_copied_in_a_unified_cache_only()
    {
        var tokens = Tokens("a prompt of some tokens", addSpecial: true);
        using var unified = new LlamaContext(Model, LlamaFixture.Small(maxSequences: 2, unified: true));
        using var apart = new LlamaContext(Model, LlamaFixture.Small(maxSequences: 2));
        using var batch = new LlamaBatch(unified.BatchSize);
        Generation.Prefill(unified, batch, tokens);
        Generation.Prefill(apart, batch, tokens);

        unified.MemorySequenceCopy(0, 1, 0, 10);

        Assert.Equal(9, unified.MemorySequenceMaxPosition(1));
        Assert.Contains("unified", Assert.Throws<ArgumentException>(() => apart.MemorySequenceCopy(0, 1, 0, 10)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_token_can_belong_to_several_sequences_of_a_unified_cache()
    {
        int[] prefix = Tokens("shared", addSpecial: true), tail = Tokens(" tail");
        using var context = new LlamaContext(Model, LlamaFixture.Small(maxSequences: 2, unified: true));
        using var batch = new LlamaBatch(64, sequencesPerToken: 2);
        for (var i = 0; i < prefix.Length; i++)
        {
            batch.Add(prefix[i], i, [0, 1], output: false);
        }

        Assert.Equal(DecodeStatus.Success, context.Decode(batch));
        Assert.Equal(Generation.Alone(Model, [.. prefix, .. tail], Count, unified: true), Continue(context, tail, prefix.Length, sequence: 1));
    }

    [Fact]
    public void A_full_cache_is_a_status_and_the_context_can_be_used_on()
    {
        using var context = new LlamaContext(Model, LlamaFixture.Small(maxSequences: 2, unified: true) with { ContextLength = 128 });
        Assert.Equal(256, context.CacheTokens);
        using var batch = new LlamaBatch(context.BatchSize);
        Generation.Prefill(context, batch, [.. Enumerable.Repeat(50, 200)]);
        Fill(batch, 100, sequence: 1);

        Assert.Equal(DecodeStatus.CacheFull, context.Decode(batch));
        Assert.Throws<ArgumentOutOfRangeException>(() => context.GetLogits(99).Length);
        Fill(batch, 50, sequence: 1);
        Assert.Equal(DecodeStatus.Success, context.Decode(batch));

        context.MemoryClear();
        Assert.Equal(-1, context.MemorySequenceMaxPosition(0));
    }

    [Fact]
    public void A_sequence_longer_than_its_part_of_the_cache_is_a_status()
    {
        using var context = new LlamaContext(Model, LlamaFixture.Small(maxSequences: 2));
        Assert.Equal((256, 512), (context.ContextLength, context.CacheTokens));
        using var batch = new LlamaBatch(context.BatchSize);
        Fill(batch, 300, sequence: 0);

        Assert.Equal(DecodeStatus.CacheFull, context.Decode(batch));
    }

    [Fact]
    public void The_memory_that_is_taken_can_be_read()
    {
        using var context = new LlamaContext(Model, LlamaFixture.Small());

        var buffers = context.ReadMemory();

        Assert.All(buffers, static buffer => Assert.True(buffer.IsHost));
        Assert.InRange(buffers.Sum(static buffer => buffer.ModelBytes), Model.SizeBytes / 2, Model.SizeBytes * 2);
        Assert.True(buffers.Sum(static buffer => buffer.ContextBytes) > 0);
        Assert.True(buffers.Sum(static buffer => buffer.ComputeBytes) > 0);
    }

    private static void Fill(LlamaBatch batch, int count, int sequence)
    {
        batch.Clear();
        for (var i = 0; i < count; i++)
        {
            batch.Add(50, i, sequence, output: i == count - 1);
        }
    }

    private List<int> Continue(LlamaContext context, int[] tokens, int from, int sequence = 0)
    {
        using var sampler = new LlamaSamplerBuilder(Model).Greedy();
        return Generation.Generate(context, sampler, tokens, Count, from, sequence);
    }

    private int[] Tokens(string text, bool addSpecial = false) => Model.Vocabulary.Tokenize(text, addSpecial, parseSpecial: false);
}
