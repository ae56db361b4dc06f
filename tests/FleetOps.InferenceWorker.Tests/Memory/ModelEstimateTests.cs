using FleetOps.InferenceWorker.Memory;
using FleetOps.InferenceWorker.Serving;
using FleetOps.InferenceWorker.State;
using FleetOps.InferenceWorker.Tests.Fixtures;
using FleetOps.LlamaCpp;
using FleetOps.LlamaCpp.Contexts;
using FleetOps.LlamaCpp.Models;
using FleetOps.ModelStore;
using FleetOps.ModelStore.Gguf;
using FleetOps.TestModels;

namespace FleetOps.InferenceWorker.Tests.Memory;

/// <summary>What is said before a download, from the header alone, is what llama.cpp reports once the model is loaded.</summary>
public sealed class ModelEstimateTests : IDisposable
{
    private const double Tolerance = 0.05;
    private const double FormulaTolerance = 0.06;

    private static readonly LlamaShape Grouped = new(256, Layers: 6, Heads: 8, KeyValueHeads: 2, FeedForward: 512, ContextLength: 4096, Type: TensorType.F16);

    private static readonly Dictionary<string, (Action<string> Write, Func<ServeOptions, ServeOptions> Change)> Shapes = new()
    {
        ["the smallest"] = (path => RandomModel.Write(path), options => options),
        ["grouped queries, a long context"] = (path => RandomModel.Write(path, Grouped), options => options with { ContextLength = 4096, MaxSequences = 2 }),
        ["each head its own keys, one sequence"] = (path => RandomModel.Write(path, Grouped with { KeyValueHeads = 8 }), options => options with { MaxSequences = 1 }),
        ["quantized weights"] = (path => RandomModel.Write(path, Grouped with { Embedding = 512, Type = TensorType.Q8_0 }), options => options with { MaxSequences = 16 }),
        ["a cache of Q8_0"] = (path => RandomModel.Write(path, Grouped), options => options with { KvCacheType = KvCacheType.Q8_0 }),
        ["a cache of Q4_0, keys of F16"] = (path => RandomModel.Write(path, Grouped), options => options with { KvCacheType = KvCacheType.F16, ValueCacheType = KvCacheType.Q4_0, FlashAttention = FlashAttention.On }),
        ["small batches, no flash attention"] = (path => RandomModel.Write(path, Grouped), options => options with { BatchTokens = 64, MicroBatchTokens = 32, FlashAttention = FlashAttention.Off }),
        ["many tokens"] = (path => RandomModel.Write(path, Grouped with { PlainTokens = 20_000 }), options => options with { BatchTokens = 2048 }),
        ["a sliding window"] = (path => SlidingWindowModel.Write(path), options => options with { ContextLength = 2048 }),
        ["recurrent"] = (path => MambaModel.Write(path), options => options with { MaxSequences = 32 }),
        ["an encoder"] = (path => EncoderModel.Write(path), options => options with { ContextLength = null }),
        ["text and embeddings"] = (path => RandomModel.Write(path, Grouped), options => options with { Pooling = PoolingType.Mean }),
        ["read, not mapped"] = (path => RandomModel.Write(path, Grouped), options => options with { LoadMode = LoadMode.Read }),
    };

    // What the formula knows too little of.
    private static readonly string[] Unusual = ["recurrent", "an encoder", "text and embeddings"];

    private readonly string _folder = Directory.CreateTempSubdirectory("fleetops-estimate-").FullName;

    public static TheoryData<string> Names => [.. Shapes.Keys];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Names))]
    public async Task An_estimate_from_the_header_is_what_the_loaded_model_takes(string name)
    {
        var (write, change) = Shapes[name];
        var path = Path.Combine(_folder, "model.gguf");
        write(path);
        ServeOptions? used = null;
        await using var worker = await InProcessWorker.ServeAsync(path, options => used = change(options));
        var taken = worker.State.Memory!;
        var header = GgufHeader.Read(path);
        var head = new FileHead("model.gguf", (await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken)).AsMemory(0, (int)header.DataOffset), header);

        var runtime = LlamaRuntime.Load(used!.NativeDirectory, used.Backend);
        var estimate = ModelEstimate.Of(runtime, new ModelHead(header, [head]), used, _folder).Describe(measured: false);

        var formula = MemoryFormula.Of(header, used, [])!.Describe(measured: false);

        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{name}: estimated {Text(estimate)}, taken {Text(taken)}, by the formula {Text(formula)} ({100.0 * (formula.TotalBytes - taken.TotalBytes) / taken.TotalBytes:+0.0;-0.0} %)");
        Assert.True(taken.Measured);
        Near(taken.WeightsBytes, estimate.WeightsBytes);
        Near(taken.KvCacheBytes, estimate.KvCacheBytes);
        Near(taken.ComputeBytes, estimate.ComputeBytes);
        Near(taken.TotalBytes, estimate.TotalBytes);
        Assert.Equal(0, estimate.GpuBytes);
        Assert.Equal(taken.WeightsBytes, formula.WeightsBytes);
        if (!Unusual.Contains(name))
        {
            Near(taken.TotalBytes, formula.TotalBytes, FormulaTolerance);
        }

        // The hole where the weights would be is gone with the file.
        Assert.Equal([path], Directory.GetFileSystemEntries(_folder));
    }

    private static void Near(long taken, long estimated, double tolerance = Tolerance) => Assert.InRange(estimated, taken * (1 - tolerance), taken * (1 + tolerance));

    private static string Text(MemoryDescription memory) => $"{memory.WeightsBytes} + {memory.KvCacheBytes} + {memory.ComputeBytes}";
}
