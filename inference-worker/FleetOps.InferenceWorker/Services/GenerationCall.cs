using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Engine;
using FleetOps.InferenceWorker.Engine.Requests;
using FleetOps.InferenceWorker.Serving;
using FleetOps.InferenceWorker.State;
using FleetOps.InferenceWorker.Telemetry;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace FleetOps.InferenceWorker.Services;

/// <summary>Takes one request through the engine and streams the answer: one prompt, any number of pieces, one finish.</summary>
internal sealed partial class GenerationCall(ServeOptions serve, InferenceMetrics metrics, WorkerState state, TimeProvider clock, ILogger<GenerationCall> logger)
{
    /// <summary>Runs the request to its end.</summary>
    /// <exception cref="RpcException">The request was refused, cancelled, or ended for a reason that is no finish.</exception>
    public async Task RunAsync<TResponse>(
        ServedModel served, RequestOptions options, int[] prompt, ResponseShape<TResponse> shape, IServerStreamWriter<TResponse> responses, ServerCallContext context)
    {
        if (served.Generation is null)
        {
            throw RpcErrors.FailedPrecondition("generation", $"The model {served.Model.Name} is one for {(served.Capabilities.Ranks ? "ranking" : "embeddings")} and generates no text. Ask a model that does.");
        }

        var started = clock.GetTimestamp();
        var requestId = RequestIds.Of(context);
        var outcome = "refused";
        var writer = new TimedStreamWriter<TResponse>(responses, served.Engine.Settings.SlowReaderTimeout, context, clock);
        Generation? generation = null;
        TextPieceReader? pieces = null;
        try
        {
            if (prompt.Length >= served.Engine.Settings.ContextLength)
            {
                throw RpcErrors.PromptTooLong(prompt.Length, served.Engine.Settings.ContextLength);
            }

            generation = Submit(served.Engine, options.WithPrompt(prompt));
            await using var cancellation = context.CancellationToken.Register(generation.Cancel);
            using var bound = new RequestBound(serve.Limits.MaxRequestDuration, clock, generation.Cancel);
            await context.WriteResponseHeadersAsync(new Metadata { { RequestMetadata.RequestId, requestId } });

            outcome = "cancelled";
            if (await generation.Admitted)
            {
                await writer.WriteAsync(shape.Prompt(new PromptInfo
                {
                    PromptTokens = prompt.Length,
                    QueueTime = Duration.FromTimeSpan(generation.Queued),
                    Seed = options.Sampling.Seed,
                }));
                pieces = new TextPieceReader(generation, served.Model.Vocabulary, options.StopStrings);
                while (await pieces.NextAsync())
                {
                    if (pieces.Text.Length > 0 || options.TokenIds)
                    {
                        await writer.WriteAsync(shape.Piece(pieces.Text, options.TokenIds ? pieces.Tokens : []));
                    }
                }
            }

            var end = generation.End!;
            outcome = Outcome(end, pieces?.MatchedStop, bound.Passed || DeadlinePassed(context));
            await writer.WriteAsync(shape.Finish(Finish(end, pieces, prompt.Length, served.Engine.Settings, bound, context)));
        }
        finally
        {
            generation?.Cancel();
            outcome = writer.GaveUp ? "slow_reader" : outcome;
            var completion = pieces?.MatchedStop is not null ? pieces.TokensRead : generation?.End?.SampledTokens ?? 0;
            var duration = clock.GetElapsedTime(started);
            metrics.RequestEnded(shape.Operation, state.Model?.Name ?? "", outcome, duration, generation?.TimeToFirstToken, completion);
            LogRequestEnded(logger, requestId, shape.Operation, outcome, prompt.Length, completion, generation?.Queued.TotalMilliseconds ?? 0, duration.TotalMilliseconds);
        }
    }

    private static Generation Submit(InferenceEngine engine, GenerationRequest request)
    {
        try
        {
            return engine.Submit(request);
        }
        catch (EngineRefusedException refused)
        {
            throw refused.RetryAfter is { } retryAfter
                ? RpcErrors.QueueFull(refused.Message, retryAfter)
                : RpcErrors.Unavailable("DRAINING", refused.Message);
        }
    }

    private static string Outcome(GenerationEnd end, string? matchedStop, bool late) => end.Cause switch
    {
        _ when matchedStop is not null => "stop",
        EndCause.EndOfGeneration or EndCause.StopToken => "stop",
        EndCause.MaxTokens or EndCause.ContextFull => "length",
        EndCause.Cancelled => late ? "deadline" : "cancelled",
        EndCause.SlowReader => "slow_reader",
        EndCause.Drained => "drained",
        EndCause.ConstraintFailed => "constraint_failed",
        _ => "engine_failed",
    };

    private FinishInfo Finish(GenerationEnd end, TextPieceReader? pieces, int promptTokens, EngineSettings settings, RequestBound bound, ServerCallContext context)
    {
        var finish = new FinishInfo
        {
            Usage = new Usage { PromptTokens = promptTokens, CompletionTokens = end.SampledTokens },
            Timings = new Timings
            {
                Queue = Duration.FromTimeSpan(end.Queued),
                Prefill = Duration.FromTimeSpan(end.Prefill),
                Decode = Duration.FromTimeSpan(end.Decode),
            },
        };
        if (pieces?.MatchedStop is { } stopString)
        {
            finish.Reason = FinishReason.Stop;
            finish.StopString = stopString;
            finish.Usage.CompletionTokens = pieces.TokensRead;
            return finish;
        }

        switch (end.Cause)
        {
            case EndCause.EndOfGeneration:
                finish.Reason = FinishReason.Stop;
                return finish;
            case EndCause.StopToken:
                finish.Reason = FinishReason.Stop;
                finish.StopTokenId = end.FinalToken!.Value;
                return finish;
            case EndCause.MaxTokens or EndCause.ContextFull:
                finish.Reason = FinishReason.Length;
                return finish;
            case EndCause.SlowReader:
                throw RpcErrors.SlowReader(settings.SlowReaderTimeout);
            case EndCause.Drained:
                throw RpcErrors.Unavailable("DRAINING", "The worker had to end before the answer was complete; ask another one.");
            case EndCause.ConstraintFailed:
                throw RpcErrors.InvalidArgument("constraint", end.Detail ?? "");
            case EndCause.EngineFailed:
                throw RpcErrors.EngineFailed();
            case EndCause.Cancelled when bound.Passed:
                throw RpcErrors.RequestTooLong(serve.Limits.MaxRequestDuration);
            default:
                throw DeadlinePassed(context)
                    ? new RpcException(new Status(StatusCode.DeadlineExceeded, "The deadline passed before the answer was complete."))
                    : new RpcException(new Status(StatusCode.Cancelled, "The call was cancelled."));
        }
    }

    private bool DeadlinePassed(ServerCallContext context) => context.Deadline <= clock.GetUtcNow().UtcDateTime;

    [LoggerMessage(1001, LogLevel.Information, "Request {RequestId} ({Operation}) ended with {Outcome}: {PromptTokens} prompt tokens, {CompletionTokens} completion tokens, {QueueMilliseconds:0.0} ms in the queue, {Milliseconds:0.0} ms in all")]
    private static partial void LogRequestEnded(ILogger logger, string requestId, string operation, string outcome, int promptTokens, int completionTokens, double queueMilliseconds, double milliseconds);
}
