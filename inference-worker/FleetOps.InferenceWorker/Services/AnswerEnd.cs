using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Engine;
using FleetOps.InferenceWorker.Engine.Requests;
using FleetOps.InferenceWorker.Serving;
using FleetOps.InferenceWorker.Telemetry;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace FleetOps.InferenceWorker.Services;

/// <summary>How the end of a generation is told: as the last message of its answer, as a status, and as a word for metrics and logs.</summary>
/// <param name="End">How the engine ended it.</param>
/// <param name="MatchedStop">The stop string that ended its text; null if none did.</param>
/// <param name="TokensRead">Tokens up to there.</param>
/// <param name="EndedEarly">Why the request was ended early, if it was.</param>
/// <param name="DeadlinePassed">Whether the deadline of the call has passed.</param>
internal sealed record AnswerEnd(GenerationEnd End, string? MatchedStop, int TokensRead, EarlyEnd EndedEarly, bool DeadlinePassed)
{
    /// <summary>How it ended, if that is no error; null if it is.</summary>
    public FinishReason? Reason => End.Cause switch
    {
        _ when MatchedStop is not null => FinishReason.Stop,
        EndCause.EndOfGeneration or EndCause.StopToken => FinishReason.Stop,
        EndCause.MaxTokens or EndCause.ContextFull => FinishReason.Length,
        EndCause.Cancelled when EndedEarly == EarlyEnd.Aborted => FinishReason.Cancelled,
        EndCause.Cancelled when EndedEarly == EarlyEnd.Expired => FinishReason.Deadline,
        _ => null,
    };

    /// <summary>One word for metrics and logs.</summary>
    public string Outcome => (Reason, End.Cause) switch
    {
        (FinishReason.Stop, _) => Outcomes.Stop,
        (FinishReason.Length, _) => Outcomes.Length,
        (FinishReason.Cancelled, _) => Outcomes.Aborted,
        (FinishReason.Deadline, _) => Outcomes.Deadline,
        (_, EndCause.Cancelled) => DeadlinePassed || EndedEarly == EarlyEnd.TookTooLong ? Outcomes.Deadline : Outcomes.Cancelled,
        (_, EndCause.SlowReader) => Outcomes.SlowReader,
        (_, EndCause.Drained) => Outcomes.Drained,
        (_, EndCause.ConstraintFailed) => Outcomes.ConstraintFailed,
        _ => Outcomes.EngineFailed,
    };

    /// <summary>The last message of the answer.</summary>
    /// <param name="choice">Which of the answers it is.</param>
    /// <param name="promptTokens">Tokens of the prompt.</param>
    public FinishInfo Describe(int choice, int promptTokens)
    {
        var finish = new FinishInfo
        {
            Reason = Reason ?? FinishReason.Unspecified,
            Choice = choice,
            Usage = new Usage
            {
                PromptTokens = promptTokens,
                CompletionTokens = MatchedStop is null ? End.SampledTokens : TokensRead,
                CachedPromptTokens = End.CachedTokens,
            },
            Timings = new Timings
            {
                Queue = Duration.FromTimeSpan(End.Queued),
                Prefill = Duration.FromTimeSpan(End.Prefill),
                Decode = Duration.FromTimeSpan(End.Decode),
            },
        };
        if (MatchedStop is not null)
        {
            finish.StopString = MatchedStop;
        }
        else if (End.Cause == EndCause.StopToken)
        {
            finish.StopTokenId = End.FinalToken!.Value;
        }

        return finish;
    }

    /// <summary>The status of a call whose answer has no last message.</summary>
    public RpcException ToError(EngineSettings settings, ServerLimits limits) => End.Cause switch
    {
        EndCause.SlowReader => RpcErrors.SlowReader(settings.SlowReaderTimeout),
        EndCause.Drained => RpcErrors.Unavailable("DRAINING", "The worker had to end before the answer was complete; ask another one."),
        EndCause.ConstraintFailed => RpcErrors.InvalidArgument("constraint", End.Detail ?? ""),
        EndCause.EngineFailed => RpcErrors.EngineFailed(),
        EndCause.Cancelled when EndedEarly == EarlyEnd.TookTooLong => RpcErrors.RequestTooLong(limits.MaxRequestDuration),
        _ when DeadlinePassed => new RpcException(new Status(StatusCode.DeadlineExceeded, "The deadline passed before the answer was complete.")),
        _ => new RpcException(new Status(StatusCode.Cancelled, "The call was cancelled.")),
    };
}
