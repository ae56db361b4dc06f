using FleetOps.InferenceWorker.Engine;
using FleetOps.InferenceWorker.Engine.Adapters;
using FleetOps.InferenceWorker.Engine.Embedding;
using FleetOps.InferenceWorker.Engine.Sampling;
using FleetOps.LlamaCpp.Contexts;
using FleetOps.LlamaCpp.Models;

namespace FleetOps.InferenceWorker.Serving;

/// <summary>A loaded model and the engines that answer with it. Safe for use from any thread.</summary>
/// <param name="Model">The weights and the vocabulary; its read-only parts may be used from any thread.</param>
/// <param name="Capabilities">What it can be asked for.</param>
/// <param name="Generation">Generates text; null if the model cannot.</param>
/// <param name="Embedding">Computes embeddings or, for a reranker, scores; null if the model can do neither.</param>
/// <param name="Adapters">The LoRA adapters that requests can choose; only generation applies them.</param>
/// <param name="DefaultSampling">What absent sampling options stand for.</param>
/// <param name="Template">Renders conversations; null if the model brings no template.</param>
internal sealed record ServedModel(
    LlamaModel Model,
    ModelCapabilities Capabilities,
    InferenceEngine? Generation,
    EmbeddingEngine? Embedding,
    AdapterSet Adapters,
    SamplingSettings DefaultSampling,
    ConversationTemplate? Template) : IDisposable
{
    /// <summary>The memory that it takes, as it was when it was loaded.</summary>
    public required IReadOnlyList<BufferMemory> Memory { get; init; }

    /// <summary>Generates text.</summary>
    /// <exception cref="InvalidOperationException">The model cannot; look at <see cref="Capabilities"/> first.</exception>
    public InferenceEngine Engine => Generation ?? throw new InvalidOperationException($"The model {Model.Name} generates no text.");

    /// <summary>Tokens that one request may use; for an embedding model one input.</summary>
    public int ContextLength => Generation?.Settings.ContextLength ?? Embedding!.Settings.MaxInputTokens;

    /// <summary>CPU threads that compute.</summary>
    public int Threads => Generation?.Settings.Threads ?? Embedding!.Settings.Threads;

    /// <summary>Requests and inputs that are being computed.</summary>
    public int Running => (Generation?.Running ?? 0) + (Embedding?.Running ?? 0);

    /// <summary>Requests that wait.</summary>
    public int Waiting => (Generation?.Waiting ?? 0) + (Embedding?.Waiting ?? 0);

    /// <summary>Requests that would be computed at once; of a model that generates, only those for text.</summary>
    public int FreeSlots => Generation?.Counters.FreeSlots ?? Embedding?.FreeSlots ?? 0;

    /// <summary>Completes with the fault of the first engine that fails.</summary>
    public Task<Exception> Failed { get; } = Task.WhenAny(new[] { Generation?.Failed, Embedding?.Failed }.OfType<Task<Exception>>()).Unwrap();

    /// <summary>Takes no more requests and completes when those that are running or waiting have ended.</summary>
    public Task DrainAsync() => Task.WhenAll(Generation?.DrainAsync() ?? Task.CompletedTask, Embedding?.DrainAsync() ?? Task.CompletedTask);

    /// <summary>Ends what is still running and waits for the engines' threads.</summary>
    public void Stop()
    {
        Generation?.Stop();
        Embedding?.Stop();
    }

    /// <summary>Stops the engines and frees the model.</summary>
    public void Dispose()
    {
        Generation?.Dispose();
        Embedding?.Dispose();
        Adapters.Dispose();
        Template?.Dispose();
        Model.Dispose();
    }
}
