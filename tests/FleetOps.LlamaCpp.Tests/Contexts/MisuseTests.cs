using FleetOps.LlamaCpp.Backends;
using FleetOps.LlamaCpp.Contexts;
using FleetOps.LlamaCpp.Models;
using FleetOps.LlamaCpp.Sampling;
using FleetOps.TestModels;

namespace FleetOps.LlamaCpp.Tests.Contexts;

/// <summary>Each of these would end the process, or corrupt its memory, if it reached llama.cpp.</summary>
public sealed class MisuseTests(LlamaFixture llama)
{
    private LlamaModel Model => llama.Random;

    [Fact]
    public void A_batch_larger_than_the_context_takes_is_refused()
    {
        // llama.cpp caps the batch to the context, so what was asked for is not what holds.
        using var context = new LlamaContext(Model, LlamaFixture.Small());
        using var batch = Batch(300);

        Assert.Equal(256, context.BatchSize);
        Assert.Contains("1 to 256 tokens, not 300", Assert.Throws<ArgumentException>(() => context.Decode(batch)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_batch_is_refused()
    {
        using var context = new LlamaContext(Model, LlamaFixture.Small());
        using var batch = new LlamaBatch(8);

        Assert.Throws<ArgumentException>(() => context.Decode(batch));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_sequence_that_does_not_exist_is_refused(bool unified)
    {
        using var context = new LlamaContext(Model, LlamaFixture.Small(maxSequences: 2, unified));
        using var batch = new LlamaBatch(8);
        batch.Add(50, 0, 2, output: true);

        Assert.Contains("Sequence 2", Assert.Throws<ArgumentOutOfRangeException>(() => context.Decode(batch)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => context.MemorySequenceRemove(2));
        Assert.Throws<ArgumentOutOfRangeException>(() => context.MemorySequenceCopy(0, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => context.MemorySequenceCopy(-1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => context.MemorySequenceMaxPosition(256));
    }

    [Fact]
    public void A_token_that_does_not_exist_is_refused()
    {
        using var context = new LlamaContext(Model, LlamaFixture.Small());
        using var batch = new LlamaBatch(8);
        batch.Add(999_999, 0, 0, output: true);

        Assert.Throws<ArgumentOutOfRangeException>(() => context.Decode(batch));
    }

    [Fact]
    public void A_shared_token_needs_a_unified_cache()
    {
        using var context = new LlamaContext(Model, LlamaFixture.Small(maxSequences: 2));
        using var batch = new LlamaBatch(8, sequencesPerToken: 2);
        batch.Add(50, 0, [0, 1], output: true);

        Assert.Contains("unified", Assert.Throws<ArgumentException>(() => context.Decode(batch)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_gap_in_the_positions_is_refused_with_the_reason()
    {
        using var context = new LlamaContext(Model, LlamaFixture.Small());
        using var batch = Batch(4);
        Assert.Equal(DecodeStatus.Success, context.Decode(batch));
        batch.Clear();
        batch.Add(50, 9, 0, output: true);

        var thrown = Assert.Throws<LlamaException>(() => context.Decode(batch));

        Assert.Equal(LlamaFault.BatchRejected, thrown.Fault);
        Assert.Contains("position", thrown.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void An_output_that_was_not_asked_for_is_refused()
    {
        using var context = new LlamaContext(Model, LlamaFixture.Small());
        using var sampler = new LlamaSamplerBuilder(Model).Greedy();
        Assert.Throws<ArgumentOutOfRangeException>(() => sampler.Sample(context, 0));
        using var batch = Batch(4);
        Assert.Equal(DecodeStatus.Success, context.Decode(batch));

        Assert.Throws<ArgumentOutOfRangeException>(() => sampler.Sample(context, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => context.GetLogits(-1).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => context.GetLogits(4).Length);
        Assert.Equal(ByteVocabulary.Count, context.GetLogits(3).Length);
    }

    [Fact]
    public void A_sampler_of_another_model_is_refused()
    {
        using var context = new LlamaContext(Model, LlamaFixture.Small());
        using var sampler = new LlamaSamplerBuilder(llama.Successor).Greedy();
        using var batch = Batch(4);
        Assert.Equal(DecodeStatus.Success, context.Decode(batch));

        Assert.Throws<ArgumentException>(() => sampler.Sample(context, 3));
    }

    [Fact]
    public void A_full_batch_takes_no_more()
    {
        using var batch = Batch(2);

        Assert.Equal(0, batch.Remaining);
        Assert.Throws<InvalidOperationException>(() => batch.Add(50, 2, 0, output: false));
        Assert.Throws<ArgumentException>(() => batch.Add(50, 2, [], output: false));
        Assert.Throws<ArgumentException>(() => batch.Add(50, 2, [0, 0], output: false));
        Assert.Throws<ArgumentOutOfRangeException>(() => batch.Add(50, -1, 0, output: false));
    }

    [Fact]
    public void A_second_thread_inside_a_context_is_noticed()
    {
        using var model = llama.Large();
        using var context = new LlamaContext(model, LlamaFixture.Small() with { ContextLength = 1024, BatchSize = 1024, MicroBatchSize = 1024 });
        using var batch = Batch(1000);
        using var started = new ManualResetEventSlim();
        using var stop = new CancellationTokenSource();
        DecodeStatus? status = null;
        var owner = new Thread(() =>
        {
            started.Set();
            while (status is null)
            {
                try
                {
                    status = context.Decode(batch, stop.Token);
                }
                catch (InvalidOperationException)
                {
                    // The other was inside.
                }
            }
        });

        owner.Start();
        started.Wait(TestContext.Current.CancellationToken);
        Exception? noticed = null;
        while (noticed is null && owner.IsAlive)
        {
            noticed = Record.Exception(() => context.MemorySequenceMaxPosition(0));
        }

        stop.Cancel();
        owner.Join();
        Assert.IsType<InvalidOperationException>(noticed);
        Assert.Contains("one thread at a time", noticed.Message, StringComparison.Ordinal);
        Assert.NotNull(status);
    }

    [Fact]
    public void A_model_lives_as_long_as_what_uses_it()
    {
        var model = LlamaModel.Load(llama.Runtime, Model.Path, new ModelParameters(), cancellationToken: TestContext.Current.CancellationToken);
        using var context = new LlamaContext(model, LlamaFixture.Small());
        using var batch = Batch(4);

        model.Dispose();

        Assert.Equal(DecodeStatus.Success, context.Decode(batch));
    }

    [Fact]
    public void What_is_disposed_is_not_used()
    {
        var context = new LlamaContext(Model, LlamaFixture.Small());
        var batch = Batch(4);
        var sampler = new LlamaSamplerBuilder(Model).Greedy();
        batch.Dispose();
        Assert.Throws<ObjectDisposedException>(() => context.Decode(batch));
        context.Dispose();
        sampler.Dispose();

        Assert.Throws<ObjectDisposedException>(() => batch.Add(1, 0, 0, output: false));
        Assert.Throws<ObjectDisposedException>(() => context.MemoryClear());
        Assert.Throws<ObjectDisposedException>(() => sampler.Accept(1));
        context.Dispose();
    }

    [Fact]
    public void Parameters_that_cannot_be_are_named()
    {
        AssertRefused(static small => small with { MaxSequences = 257 }, "MaxSequences of the context is 257");
        AssertRefused(static small => small with { MaxSequences = 0 }, "MaxSequences of the context is 0");
        AssertRefused(static small => small with { ContextLength = 0 }, "ContextLength of the context is 0");
        AssertRefused(static small => small with { BatchSize = 4, MicroBatchSize = 4, MaxSequences = 5 }, "BatchSize of the context is 4, and each of 5 sequences");
        AssertRefused(static small => small with { Threads = 0 }, "Threads of the context is 0");
        AssertRefused(static small => small with { BatchThreads = 513 }, "BatchThreads of the context is 513");
        AssertRefused(static small => small with { MicroBatchSize = 1024 }, "MicroBatchSize of the context is 1024; it must be 1 to 512");
        AssertRefused(static small => small with { KvCacheType = KvCacheType.Q8_0, FlashAttention = FlashAttention.Off }, "FlashAttention of the context is Off");
        AssertRefused(static small => small with { KvCacheType = (KvCacheType)99 }, "KvCacheType of the context is 99");
        AssertRefused(static small => small with { ValueCacheType = (KvCacheType)99 }, "ValueCacheType of the context is 99");
        AssertRefused(static small => small with { ValueCacheType = KvCacheType.Q5_1, FlashAttention = FlashAttention.Off }, "FlashAttention of the context is Off, and values in a cache of Q5_1 need it");
        AssertRefused(static small => small with { Rope = new() { Factor = 0.5f } }, "Rope of the context is wrong: Factor is 0.5");
        AssertRefused(static small => small with { Rope = new() { Factor = 2, Scaling = RopeScaling.None } }, "Rope of the context is wrong: Factor is 2, and Scaling is None");
        AssertRefused(static small => small with { Rope = new() { FrequencyBase = float.NaN } }, "Rope of the context is wrong: FrequencyBase is NaN");
        AssertRefused(static small => small with { Rope = new() { OriginalContextLength = 64, Scaling = RopeScaling.Linear } }, "Rope of the context is wrong: OriginalContextLength is 64");
        AssertRefused(static small => small with { ContextLength = 1 << 23, MaxSequences = 3 }, "ContextLength of the context is 8388608 for each of 3 sequences, which is 25165824 tokens");
    }

    [Fact]
    public void What_CUDA_cannot_compute_with_is_refused_there()
    {
        Assert.Contains("on CUDA it can be F16", Refusal(LlamaFixture.Small() with { KvCacheType = KvCacheType.Q5_0 }), StringComparison.Ordinal);
        Assert.Contains("Q8_0 beside keys of F16; CUDA stores both alike", Refusal(LlamaFixture.Small() with { ValueCacheType = KvCacheType.Q8_0 }), StringComparison.Ordinal);
        (LlamaFixture.Small() with { KvCacheType = KvCacheType.Q8_0 }).Validate(Backend.Cuda);

        static string Refusal(ContextParameters parameters) => Assert.Throws<ArgumentException>(() => parameters.Validate(Backend.Cuda)).Message;
    }

    [Fact]
    public void A_cache_that_the_model_cannot_have_is_refused_by_llama()
    {
        var path = Path.Combine(llama.Folder, "narrow.gguf");
        RandomModel.Write(path, LlamaShape.Tiny with { Heads = 4, KeyValueHeads = 2 });
        using var model = LlamaModel.Load(llama.Runtime, path, new ModelParameters(), cancellationToken: TestContext.Current.CancellationToken);

        var thrown = Assert.Throws<LlamaException>(() => new LlamaContext(model, LlamaFixture.Small() with { KvCacheType = KvCacheType.Q8_0, FlashAttention = FlashAttention.On }));

        Assert.Equal(LlamaFault.ContextRejected, thrown.Fault);
    }

    private void AssertRefused(Func<ContextParameters, ContextParameters> change, string words) =>
        Assert.StartsWith(words, Assert.Throws<ArgumentException>(() => new LlamaContext(Model, change(LlamaFixture.Small()))).Message, StringComparison.Ordinal);

    private static LlamaBatch Batch(int count)
    {
        var batch = new LlamaBatch(count);
        for (var i = 0; i < count; i++)
        {
            batch.Add(50, i, 0, output: i == count - 1);
        }

        return batch;
    }
}
