using FleetOps.InferenceWorker.State;
using FleetOps.LlamaCpp.Models;

namespace FleetOps.InferenceWorker.Serving;

/// <summary>What the served model can be asked for.</summary>
/// <param name="Generates">Text that goes on after a prompt.</param>
/// <param name="Embeds">Embeddings.</param>
/// <param name="Ranks">The relevance of documents for a query.</param>
internal sealed record ModelCapabilities(bool Generates, bool Embeds, bool Ranks)
{
    private const string ClassifierPrefix = "cls.";

    /// <summary>
    /// What a model can do. A file that names a pooling is one of an embedding model or a reranker, whose words mean
    /// nothing; any other model generates, and embeds too when a pooling is asked for.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="tensors">Names of the tensors in its file.</param>
    /// <param name="asked">The pooling that was asked for; null leaves it to the file.</param>
    /// <exception cref="WorkerFailedException">The model cannot be served, or not so.</exception>
    public static ModelCapabilities Of(LlamaModel model, IEnumerable<string> tensors, PoolingType? asked)
    {
        if (!model.HasDecoder || model.HasEncoder)
        {
            throw new WorkerFailedException(
                FailureReason.UnsupportedArchitecture,
                $"The architecture {model.Architecture} has an encoder beside or instead of its decoder; this worker serves models that generate text from a prompt, embedding models and rerankers.");
        }

        var pooling = asked ?? model.Pooling;
        if (pooling == PoolingType.Rank && !tensors.Any(static name => name.StartsWith(ClassifierPrefix, StringComparison.Ordinal)))
        {
            throw asked is null
                ? new WorkerFailedException(FailureReason.InvalidGguf, "The file says that it is a reranker, and holds no classifier (cls.*); convert the model anew, or give --pooling for embeddings.")
                : new WorkerFailedException(FailureReason.InvalidConfiguration, "--pooling is Rank, but the model has no classifier (cls.*); give another pooling, or serve a reranker.");
        }

        return pooling is null && !model.IsCausal
            ? throw new WorkerFailedException(
                FailureReason.InvalidConfiguration,
                $"The architecture {model.Architecture} computes embeddings, and the file does not say how they are pooled; give --pooling Mean, Cls or Last, as the model's card says.")
            : new ModelCapabilities(
                Generates: model is { IsCausal: true, Pooling: null },
                Embeds: pooling is not null and not PoolingType.Rank,
                Ranks: pooling == PoolingType.Rank);
    }
}
