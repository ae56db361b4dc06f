using FleetOps.LlamaCpp.Contexts;
using FleetOps.LlamaCpp.Models;
using FleetOps.LlamaCpp.Sampling;
using FleetOps.TestModels;

namespace FleetOps.LlamaCpp.Tests.Contexts;

/// <summary>What changes how a model is held or computed, and not what it says.</summary>
public sealed class ShapeTests(LlamaFixture llama)
{
    [Theory]
    [InlineData(KvCacheType.F32, null)]
    [InlineData(KvCacheType.BF16, null)]
    [InlineData(KvCacheType.Q8_0, null)]
    [InlineData(KvCacheType.Q5_1, KvCacheType.Q5_0)]
    [InlineData(KvCacheType.Q4_0, KvCacheType.Q4_1)]
    [InlineData(KvCacheType.F16, KvCacheType.Q8_0)]
    public void The_cache_can_be_of_any_type(KvCacheType keys, KvCacheType? values)
    {
        using var context = new LlamaContext(llama.Successor, LlamaFixture.Small() with { KvCacheType = keys, ValueCacheType = values });
        Assert.Equal("nopq", Says(context));
    }

    [Fact]
    public void Quantized_keys_need_no_flash_attention_and_take_less_memory()
    {
        var parameters = LlamaFixture.Small() with { FlashAttention = FlashAttention.Off };
        using var whole = new LlamaContext(llama.Successor, parameters);
        using var quantized = new LlamaContext(llama.Successor, parameters with { KvCacheType = KvCacheType.Q4_0, ValueCacheType = KvCacheType.F16 });

        Assert.Equal("nopq", Says(quantized));
        Assert.True(quantized.ReadMemory().Sum(static buffer => buffer.ContextBytes) < whole.ReadMemory().Sum(static buffer => buffer.ContextBytes));
    }

    [Theory]
    [InlineData(LoadMode.Read)]
    [InlineData(LoadMode.ReadAndLock)]
    [InlineData(LoadMode.MapAndLock)]
    [InlineData(LoadMode.Direct)]
    public void A_file_can_come_into_memory_in_any_way(LoadMode mode)
    {
        using var model = LlamaModel.Load(llama.Runtime, llama.Successor.Path, new ModelParameters { LoadMode = mode }, cancellationToken: TestContext.Current.CancellationToken);
        using var context = new LlamaContext(model, LlamaFixture.Small());
        Assert.Equal("nopq", Says(context));
    }

    [Fact]
    public void Stretched_positions_change_what_is_computed()
    {
        int[] prompt = [1, 70, 80, 90, 100, 110, 70, 80];
        var plain = Logits(rope: null);

        Assert.Equal(plain, Logits(new RopeParameters()));
        Assert.NotEqual(plain, Logits(new RopeParameters { Scaling = RopeScaling.Linear, Factor = 4 }));
        Assert.NotEqual(plain, Logits(new RopeParameters { Scaling = RopeScaling.Yarn, Factor = 4, OriginalContextLength = 512 }));
        Assert.NotEqual(plain, Logits(new RopeParameters { FrequencyBase = 1_000_000 }));

        float[] Logits(RopeParameters? rope)
        {
            using var context = new LlamaContext(llama.Random, LlamaFixture.Small() with { Rope = rope });
            using var batch = new LlamaBatch(16);
            return context.GetLogits(Generation.Prefill(context, batch, prompt)).ToArray();
        }
    }

    [Fact]
    public void Positions_that_do_not_rotate_cannot_be_stretched()
    {
        var path = Path.Combine(llama.Folder, "table.gguf");
        EncoderModel.Write(path);
        using var model = LlamaModel.Load(llama.Runtime, path, new ModelParameters(), cancellationToken: TestContext.Current.CancellationToken);
        var parameters = LlamaFixture.Small() with { BatchSize = 256, MicroBatchSize = 256, Rope = new RopeParameters { Factor = 2 } };

        Assert.Contains("the architecture bert has none", Assert.Throws<ArgumentException>(() => new LlamaContext(model, parameters)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Several_GPUs_are_checked_against_those_that_are_there()
    {
        Assert.Null(new ModelParameters { MainGpu = 1, SplitMode = SplitMode.None }.Fault(gpus: 2));
        Assert.Null(new ModelParameters { TensorSplit = [3, 1] }.Fault(gpus: 2));
        Assert.Null(new ModelParameters { TensorSplit = [3, 1] }.Fault(gpus: 0));
        Refused("MainGpu is 2; GPUs count from 0, and there are 2", new() { MainGpu = 2 });
        Refused("TensorSplit names the shares of 3 GPUs, and there are 2", new() { TensorSplit = [1, 1, 1] });
        Refused("TensorSplit is 1,-1", new() { TensorSplit = [1, -1] });
        Refused("TensorSplit is 0,0", new() { TensorSplit = [0, 0] });
        Refused("SplitMode is None", new() { TensorSplit = [1, 1], SplitMode = SplitMode.None });
        Refused("SplitMode is 7", new() { SplitMode = (SplitMode)7 });
        Refused("LoadMode is 7", new() { LoadMode = (LoadMode)7 });

        static void Refused(string words, ModelParameters parameters) => Assert.Contains(words, parameters.Fault(gpus: 2), StringComparison.Ordinal);
    }

    private static string Says(LlamaContext context)
    {
        using var sampler = new LlamaSamplerBuilder(context.Model).Greedy();
        return context.Model.Vocabulary.Detokenize([.. Generation.Generate(context, sampler, [ByteVocabulary.Token("<s>"), ByteVocabulary.Token("m")], 4)]);
    }
}
