using FleetOps.InferenceWorker.Engine;
using FleetOps.LlamaCpp.Contexts;

namespace FleetOps.InferenceWorker.Tests.Fixtures;

/// <summary>An engine beside that of a worker, over the same model, which tells of its batches.</summary>
internal static class ObservedEngine
{
    /// <param name="worker">Whose model it is.</param>
    /// <param name="batchComputed">Told the tokens of each batch, on the engine's thread.</param>
    /// <param name="contextLength">Tokens of the context, and of what may be unread.</param>
    /// <param name="batchTokens">Tokens of the largest batch.</param>
    public static InferenceEngine Start(InProcessWorker worker, Action<int> batchComputed, int contextLength, int batchTokens)
    {
        var context = new LlamaContext(worker.Served.Model, new ContextParameters { ContextLength = contextLength, MaxSequences = 4, BatchSize = batchTokens, MicroBatchSize = batchTokens, Threads = 1 });
        var settings = new EngineSettings { MaxSequences = 4, ContextLength = contextLength, BatchTokens = batchTokens, OutputCapacity = contextLength };
        var engine = new InferenceEngine(worker.Served.Model, context, settings, TimeProvider.System, batchComputed);
        engine.Start();
        return engine;
    }
}
