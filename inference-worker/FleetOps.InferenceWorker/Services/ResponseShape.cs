using FleetOps.Inference.V1;

namespace FleetOps.InferenceWorker.Services;

/// <summary>How the three kinds of stream messages look in one RPC.</summary>
internal sealed record ResponseShape<TResponse>(
    string Operation,
    Func<PromptInfo, TResponse> Prompt,
    Func<string, IEnumerable<int>, TResponse> Piece,
    Func<FinishInfo, TResponse> Finish);
