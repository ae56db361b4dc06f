using FleetOps.Inference.V1;

namespace FleetOps.InferenceWorker.Services;

/// <summary>How the messages of a stream look in one RPC.</summary>
/// <param name="Operation">Its name in the OpenTelemetry conventions.</param>
/// <param name="Prompt">The first message.</param>
/// <param name="Answer">Begins one of the answers; what it gives turns each part into a message, or into none if there is nothing to tell.</param>
/// <param name="Finish">The last message of an answer.</param>
internal sealed record ResponseShape<TResponse>(
    string Operation,
    Func<PromptInfo, TResponse> Prompt,
    Func<int, Func<AnswerPart, TResponse?>> Answer,
    Func<FinishInfo, TResponse> Finish)
    where TResponse : class;
