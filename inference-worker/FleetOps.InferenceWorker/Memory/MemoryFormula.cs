using FleetOps.InferenceWorker.Serving;
using FleetOps.InferenceWorker.State;
using FleetOps.LlamaCpp.Contexts;
using FleetOps.ModelStore.Gguf;

namespace FleetOps.InferenceWorker.Memory;

/// <summary>
/// The memory that a model will take by what its header says alone, for when llama.cpp does not tell: the weights as they lie in the file, keys and values of
/// each layer, and the largest intermediate results of the context that generates. Within 6 % for plain transformers; recurrent models, encoders and a second
/// context for embeddings are underestimated by up to a third.
/// </summary>
internal static class MemoryFormula
{
    private const int FloatBytes = 4;
    private const int HalfBytes = 2;

    // Positions and places in the cache, for each token of a batch.
    private const int InputBytes = 28;

    private const double MostBytes = 1L << 55;

    // No width or count of a model comes near.
    private const ulong MostOfAnything = 1 << 20;

    /// <summary>Computes it; null where the header says too little.</summary>
    /// <param name="header">The checked header.</param>
    /// <param name="options">How the model is to be served.</param>
    /// <param name="gpus">Names of the GPUs with memory of their own.</param>
    public static MemoryNeed? Of(GgufHeader header, ServeOptions options, IReadOnlyList<string> gpus)
    {
        if (header.BlockCount is not > 0 || header.EmbeddingLength is not > 0)
        {
            return null;
        }

        int contextLength;
        try
        {
            contextLength = EngineShape.ContextLength(options, header);
        }
        catch (WorkerFailedException)
        {
            return null;
        }

        var weights = header.Tensors.Sum(static tensor => tensor.SizeBytes);
        var cache = Keys(header, options, (long)contextLength * options.MaxSequences) + States(header, options.MaxSequences);
        var compute = Compute(header, options, contextLength);
        var layers = header.BlockCount.Value + 1;
        var offloaded = gpus.Count == 0 ? 0 : options.GpuLayers < 0 ? layers : Math.Min(layers, options.GpuLayers);
        var share = (double)offloaded / layers;
        var kept = new BufferMemory(MemoryNeed.Main, IsHost: true, Rest(weights), Rest(cache), offloaded == layers ? 0 : compute);
        return new MemoryNeed(
            offloaded == 0
                ? [kept]
                : [kept, .. gpus.Select(name => new BufferMemory(name, IsHost: false, (weights - Rest(weights)) / gpus.Count, (cache - Rest(cache)) / gpus.Count, compute))],
            gpus.Count > 0);

        long Rest(long bytes) => bytes - (long)(bytes * share);
    }

    private static long Keys(GgufHeader header, ServeOptions options, long cells)
    {
        if (Flag(header, "attention.causal") == false)
        {
            return 0;
        }

        double bytes = 0;
        for (var layer = 0; layer < header.BlockCount; layer++)
        {
            var heads = Number(header, "attention.head_count", layer) ?? 0;
            var keyValueHeads = Number(header, "attention.head_count_kv", layer) ?? heads;
            var width = heads > 0 ? header.EmbeddingLength!.Value / heads : 0;
            bytes += (double)cells * keyValueHeads * ((Number(header, "attention.key_length", 0) ?? width) * SixtyFourths(options.KvCacheType)
                + (Number(header, "attention.value_length", 0) ?? width) * SixtyFourths(options.ValueCacheType ?? options.KvCacheType)) / 64;
        }

        return Whole(bytes);
    }

    // What recurrent layers remember of each sequence, in floats.
    private static long States(GgufHeader header, int sequences)
    {
        var inner = Number(header, "ssm.inner_size", 0) ?? 0;
        var convolution = Math.Max(0, (Number(header, "ssm.conv_kernel", 0) ?? 0) - 1);
        return Whole((double)header.BlockCount!.Value * sequences * FloatBytes * inner * (convolution + (Number(header, "ssm.state_size", 0) ?? 0)));
    }

    // One step holds the logits of a whole batch, another one the wide middle of a layer or its scores; the largest of them counts, with what is kept beside it.
    private static long Compute(GgufHeader header, ServeOptions options, int contextLength)
    {
        long batch = Math.Min(options.MicroBatchTokens ?? options.BatchTokens, (long)contextLength * options.MaxSequences);
        var embedding = header.EmbeddingLength!.Value;
        var heads = Number(header, "attention.head_count", 0) ?? 1;
        var logits = (header.VocabularySize ?? 0) + embedding;
        var middle = 4 * (Number(header, "feed_forward_length", 0) ?? 4 * embedding) + embedding;
        var scores = options.FlashAttention == FlashAttention.Off ? heads * contextLength : 0;

        // Layers with a window of their own have a mask of their own.
        var masks = Value(header, "attention.sliding_window") is null ? 1 : 2;
        var mask = (double)batch * contextLength * masks * (options.FlashAttention == FlashAttention.Off ? FloatBytes : HalfBytes);
        return Whole((double)batch * (FloatBytes * Math.Max(logits, Math.Max(middle, scores + 5 * embedding)) + InputBytes) + mask);
    }

    private static long Whole(double bytes) => (long)Math.Min(bytes, MostBytes);

    // Bytes of 64 values.
    private static long SixtyFourths(KvCacheType type) => type switch
    {
        KvCacheType.F32 => 256,
        KvCacheType.Q8_0 => 68,
        KvCacheType.Q5_1 => 48,
        KvCacheType.Q5_0 => 44,
        KvCacheType.Q4_1 => 40,
        KvCacheType.Q4_0 => 36,
        _ => 128,
    };

    private static bool? Flag(GgufHeader header, string key) => Value(header, key)?.Flag;

    private static long? Number(GgufHeader header, string key, int layer) => Value(header, key) is not { } value ? null : (value.Elements is { Count: > 0 } each ? each[Math.Min(layer, each.Count - 1)].NonNegative : value.NonNegative) is { } number and <= MostOfAnything
        ? (long)number
        : null;

    private static GgufValue? Value(GgufHeader header, string key) => header.Metadata.GetValueOrDefault($"{header.Architecture}.{key}");
}
