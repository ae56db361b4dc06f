using FleetOps.InferenceWorker.Engine.Embedding;
using FleetOps.InferenceWorker.Engine.Threads;
using FleetOps.InferenceWorker.State;
using FleetOps.LlamaCpp.Contexts;
using FleetOps.LlamaCpp.Models;
using FleetOps.ModelStore.Gguf;

namespace FleetOps.InferenceWorker.Serving;

/// <summary>How the model and its contexts are made for the options of <c>serve</c>: what is estimated before a download is what is loaded after it.</summary>
internal static class EngineShape
{
    /// <summary>Tokens that one request may use.</summary>
    /// <exception cref="WorkerFailedException">More are asked for than the model can take.</exception>
    public static int ContextLength(ServeOptions options, GgufHeader header)
    {
        var trained = header.ContextLength ?? long.MaxValue;
        var stretch = options.Rope?.Factor ?? 1;
        if (options.ContextLength is { } asked && asked > trained * stretch)
        {
            throw new WorkerFailedException(
                FailureReason.InvalidConfiguration,
                stretch > 1
                    ? $"--context-length is {asked}, but the model was trained on at most {trained} tokens at once, which --rope-factor {stretch} stretches to {(long)(trained * stretch)}. Ask for that or less."
                    : $"--context-length is {asked}, but the model was trained on at most {trained} tokens at once. Ask for {trained} or less, or stretch its positions with --rope-factor.");
        }

        return options.ContextLength ?? (int)Math.Min(ServeOptions.DefaultContextLength, trained);
    }

    /// <summary>How the weights are loaded.</summary>
    public static ModelParameters Model(ServeOptions options) => new()
    {
        GpuLayers = options.GpuLayers,
        SplitMode = options.SplitMode,
        MainGpu = options.MainGpu,
        TensorSplit = options.TensorSplit,
        LoadMode = options.LoadMode,
    };

    /// <summary>The contexts that a model gets.</summary>
    /// <param name="model">The model; its weights need not be there.</param>
    /// <param name="header">The header of its file.</param>
    /// <param name="options">How it is to be served.</param>
    /// <exception cref="WorkerFailedException">The model cannot be served so.</exception>
    public static IReadOnlyList<ContextParameters> Contexts(LlamaModel model, GgufHeader header, ServeOptions options)
    {
        var capabilities = ModelCapabilities.Of(model, header.Tensors.Select(static tensor => tensor.Name), options.Pooling);
        var contextLength = ContextLength(options, header);
        var threads = Threads(options, model);
        var contexts = new List<ContextParameters>();
        if (capabilities.Generates)
        {
            contexts.Add(Generation(options, contextLength, threads));
        }

        if (capabilities.Embeds || capabilities.Ranks)
        {
            contexts.Add(Embedding(options, EmbeddingSettings(options, contextLength, threads)));
        }

        return contexts;
    }

    /// <summary>CPU threads that compute.</summary>
    public static int Threads(ServeOptions options, LlamaModel model) => options.Threads ?? CpuQuota.DefaultThreads(model.SizeBytes);

    /// <summary>The context that generates.</summary>
    public static ContextParameters Generation(ServeOptions options, int contextLength, int threads) => new()
    {
        ContextLength = contextLength,
        MaxSequences = options.MaxSequences,
        BatchSize = options.BatchTokens,
        MicroBatchSize = options.MicroBatchTokens ?? options.BatchTokens,
        KvCacheType = options.KvCacheType,
        ValueCacheType = options.ValueCacheType,
        Rope = options.Rope,
        FlashAttention = options.FlashAttention,
        Threads = threads,
    };

    /// <summary>Bounds of the engine that embeds or ranks.</summary>
    public static EmbeddingSettings EmbeddingSettings(ServeOptions options, int contextLength, int threads) => new()
    {
        MaxInputTokens = contextLength,
        // An input is computed in one piece, so a batch holds the longest one; shorter ones are packed into it.
        BatchTokens = Math.Max(contextLength, options.BatchTokens),
        Threads = threads,
    };

    /// <summary>The context that embeds or ranks.</summary>
    public static ContextParameters Embedding(ServeOptions options, EmbeddingSettings settings) => new()
    {
        ContextLength = settings.MaxInputTokens,
        MaxSequences = settings.MaxSequences,
        CacheTokens = settings.BatchTokens,
        UnifiedCache = true,
        BatchSize = settings.BatchTokens,
        MicroBatchSize = settings.BatchTokens,
        FlashAttention = options.FlashAttention,
        Rope = options.Rope,
        Embeddings = true,
        Pooling = options.Pooling,
        Threads = settings.Threads,
    };
}
