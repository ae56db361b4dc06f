using System.Globalization;
using FleetOps.InferenceWorker.Engine;
using FleetOps.InferenceWorker.Engine.Adapters;
using FleetOps.InferenceWorker.Engine.Embedding;
using FleetOps.InferenceWorker.Engine.Requests;
using FleetOps.InferenceWorker.Engine.Sampling;
using FleetOps.InferenceWorker.Engine.Threads;
using FleetOps.InferenceWorker.State;
using FleetOps.LlamaCpp;
using FleetOps.LlamaCpp.Contexts;
using FleetOps.LlamaCpp.Models;
using FleetOps.ModelStore;
using FleetOps.ModelStore.Gguf;

namespace FleetOps.InferenceWorker.Serving;

/// <summary>Makes a served model of a verified file.</summary>
internal static class ModelLoading
{
    /// <summary>Checks what can be checked before gigabytes are read.</summary>
    /// <exception cref="WorkerFailedException">The model cannot be served so.</exception>
    public static void Check(ServeOptions options, GgufHeader header)
    {
        EngineShape.ContextLength(options, header);
        var most = CpuQuota.MaxThreads();
        if (options.Threads is { } threads && threads > most)
        {
            throw new WorkerFailedException(
                FailureReason.InvalidConfiguration,
                $"--threads is {threads}, and the container may use {most} whole CPU{(most == 1 ? "" : "s")}: threads that wait for one another would be many times slower. Ask for {most} or less, or raise the CPU limit.");
        }
    }

    /// <summary>Loads the weights, makes the contexts and starts the engines. Blocks for as long as that takes.</summary>
    /// <exception cref="WorkerFailedException">The model cannot be served.</exception>
    public static ServedModel Load(
        LlamaRuntime runtime, VerifiedModel file, ServeOptions options, Action<int> batchComputed, StartupTimer timer, TimeProvider clock, CancellationToken cancellationToken)
    {
        var contextLength = EngineShape.ContextLength(options, file.Header);
        LlamaModel? model = null;
        InferenceEngine? generation = null;
        EmbeddingEngine? embedding = null;
        AdapterSet? adapters = null;
        ConversationTemplate? template = null;
        try
        {
            runtime.UseNuma(options.Numa);
            model = LlamaModel.Load(runtime, file.Path, EngineShape.Model(options), timer.Opened(), cancellationToken);
            timer.Ended(StartupStep.Tensors);
            var capabilities = ModelCapabilities.Of(model, file.Header.Tensors.Select(static tensor => tensor.Name), options.Pooling);
            var threads = EngineShape.Threads(options, model);
            template = ConversationTemplate.Of(model, options.ChatTemplate);
            adapters = Adapters(model, file, options, capabilities);
            var memory = new List<IReadOnlyList<BufferMemory>>();
            generation = capabilities.Generates ? Generation(model, options, contextLength, threads, clock, batchComputed, adapters, memory) : null;
            embedding = capabilities.Embeds || capabilities.Ranks ? Embedding(model, options, contextLength, threads, batchComputed, memory) : null;
            timer.Ended(StartupStep.Context);
            generation?.Start();
            embedding?.Start();
            return new ServedModel(model, capabilities, generation, embedding, adapters, DefaultSampling(model.Metadata), template)
            {
                Memory = BufferMemory.Together(memory),
            };
        }
        catch (Exception exception)
        {
            embedding?.Dispose();
            generation?.Dispose();
            adapters?.Dispose();
            template?.Dispose();
            model?.Dispose();
            throw exception switch
            {
                AdapterException adapter => new WorkerFailedException(ReasonOf(adapter.Fault), adapter.Message, adapter),
                LlamaException fault => new WorkerFailedException(ReasonOf(fault.Fault), fault.Message, fault),
                ArgumentException argument => new WorkerFailedException(FailureReason.InvalidConfiguration, argument.Message, argument),
                _ => exception,
            };
        }
    }

    private static AdapterSet Adapters(LlamaModel model, VerifiedModel file, ServeOptions options, ModelCapabilities capabilities)
    {
        if (!capabilities.Generates && options.Adapters.Count > 0)
        {
            throw new WorkerFailedException(FailureReason.InvalidConfiguration, $"--lora names the adapter {options.Adapters[0].Name}, and the model generates no text; serve it without adapters.");
        }

        var adapters = new AdapterSet(model, file.Header, options.AdapterDirectory);
        try
        {
            foreach (var (name, path) in options.Adapters)
            {
                adapters.Load(name, path);
            }

            return adapters;
        }
        catch
        {
            adapters.Dispose();
            throw;
        }
    }

    private static InferenceEngine Generation(
        LlamaModel model, ServeOptions options, int contextLength, int threads, TimeProvider clock, Action<int> batchComputed, AdapterSet adapters, List<IReadOnlyList<BufferMemory>> memory)
    {
        var context = new LlamaContext(model, EngineShape.Generation(options, contextLength, threads));
        memory.Add(context.ReadMemory());
        var settings = new EngineSettings
        {
            MaxSequences = options.MaxSequences,
            ContextLength = contextLength,
            BatchTokens = Math.Min(options.BatchTokens, context.BatchSize),
            Threads = threads,
            MaxWaiting = options.MaxWaiting,
            MaxWaitingTokens = options.MaxWaitingTokens,
            MaxWaitingPerTenant = options.MaxWaitingPerTenant ?? Math.Max(1, options.MaxWaiting / 2),
            OutputCapacity = options.OutputCapacity,
            DraftTokens = options.DraftTokens,
            SlowReaderTimeout = options.SlowReaderTimeout,
        };
        return new InferenceEngine(model, context, settings, clock, batchComputed, adapters);
    }

    private static EmbeddingEngine Embedding(
        LlamaModel model, ServeOptions options, int contextLength, int threads, Action<int> batchComputed, List<IReadOnlyList<BufferMemory>> memory)
    {
        var settings = EngineShape.EmbeddingSettings(options, contextLength, threads);
        var context = new LlamaContext(model, EngineShape.Embedding(options, settings));
        memory.Add(context.ReadMemory());
        return new EmbeddingEngine(model, context, settings, batchComputed);
    }

    /// <summary>Computes a first token or embedding, so that readiness means that something comes out.</summary>
    /// <exception cref="WorkerFailedException">Nothing came out.</exception>
    public static async Task WarmAsync(ServedModel served, CancellationToken cancellationToken)
    {
        if (served.Embedding is { } embedding)
        {
            await WarmAsync(served.Model, embedding, cancellationToken);
        }

        if (served.Generation is not null)
        {
            await WarmGenerationAsync(served, cancellationToken);
        }
    }

    private static async Task WarmAsync(LlamaModel model, EmbeddingEngine engine, CancellationToken cancellationToken)
    {
        try
        {
            await engine.EmbedAsync([[model.Vocabulary.BeginOfSequence ?? 0]], cancellationToken);
        }
        catch (Exception fault) when (engine.Failed.IsCompleted || fault is InvalidOperationException)
        {
            throw new WorkerFailedException(FailureReason.EngineFailed, $"The first embedding could not be computed: {fault.Message}", fault);
        }
    }

    private static async Task WarmGenerationAsync(ServedModel served, CancellationToken cancellationToken)
    {
        var generation = served.Engine.Submit(new GenerationRequest
        {
            Prompt = [served.Model.Vocabulary.BeginOfSequence ?? 0],
            Sampling = new SamplingSettings { Temperature = 0 },
            MaxTokens = 1,
        });
        await using var registration = cancellationToken.Register(generation.Cancel);
        while (await generation.WaitToReadAsync(CancellationToken.None))
        {
            generation.TryRead(out _);
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (generation.End!.SampledTokens == 0 && generation.End.Cause != EndCause.EngineFailed)
        {
            throw new WorkerFailedException(FailureReason.EngineFailed, $"The first token could not be computed: the engine ended with {generation.End.Cause}.");
        }

        if (generation.End.Cause == EndCause.EngineFailed)
        {
            var fault = await served.Failed;
            throw new WorkerFailedException(FailureReason.EngineFailed, $"The first token could not be computed: {fault.Message}", fault);
        }
    }

    private static FailureReason ReasonOf(AdapterFault fault) => fault switch
    {
        AdapterFault.FileNotFound => FailureReason.SourceNotFound,
        AdapterFault.Unfit => FailureReason.InvalidGguf,
        _ => FailureReason.InvalidConfiguration,
    };

    /// <summary>The worker's word for a fault of llama.cpp.</summary>
    public static FailureReason ReasonOf(LlamaFault fault) => fault switch
    {
        LlamaFault.CudaUnavailable => FailureReason.CudaUnavailable,
        LlamaFault.InvalidGguf or LlamaFault.TemplateFailed or LlamaFault.AdapterRejected => FailureReason.InvalidGguf,
        LlamaFault.UnsupportedArchitecture => FailureReason.UnsupportedArchitecture,
        LlamaFault.OutOfMemory => FailureReason.OutOfMemory,
        LlamaFault.OutOfGpuMemory => FailureReason.OutOfGpuMemory,
        LlamaFault.NativeLibraryMissing or LlamaFault.NativeLibraryMismatch or LlamaFault.ModelUnreadable or LlamaFault.LoadFailed or LlamaFault.ContextRejected => FailureReason.LoadFailed,
        _ => FailureReason.EngineFailed,
    };

    /// <summary>What the file advises for sampling, under llama.cpp's keys, with llama.cpp's defaults for the rest.</summary>
    internal static SamplingSettings DefaultSampling(IReadOnlyDictionary<string, string> metadata)
    {
        var fallback = new SamplingSettings();
        return fallback with
        {
            Temperature = (float)Advised("temp", fallback.Temperature, 0, 100),
            TopK = (int)Advised("top_k", fallback.TopK, 0, int.MaxValue),
            TopP = (float)Advised("top_p", fallback.TopP, float.Epsilon, 1),
            MinP = (float)Advised("min_p", fallback.MinP, 0, 1),
            RepeatPenalty = (float)Advised("penalty_repeat", fallback.RepeatPenalty, float.Epsilon, 10),
            PenaltyWindow = (int)Advised("penalty_last_n", fallback.PenaltyWindow, -1, int.MaxValue),
        };

        double Advised(string key, double otherwise, double least, double most) =>
            metadata.TryGetValue($"general.sampling.{key}", out var text)
            && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            && value >= least && value <= most
                ? value
                : otherwise;
    }
}
