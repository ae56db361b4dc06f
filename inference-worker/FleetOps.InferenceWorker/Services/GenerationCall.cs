using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Engine;
using FleetOps.InferenceWorker.Engine.Requests;
using FleetOps.InferenceWorker.Serving;
using FleetOps.InferenceWorker.State;
using FleetOps.InferenceWorker.Telemetry;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace FleetOps.InferenceWorker.Services;

/// <summary>Takes one request through the engine and streams the answers: one prompt, any number of pieces, one finish for each answer.</summary>
internal sealed partial class GenerationCall(
    ServeOptions serve, InferenceMetrics metrics, RequestTraces traces, WorkerState state, OpenRequests requests, TimeProvider clock, ILogger<GenerationCall> logger)
{
    /// <summary>Runs the request to its end.</summary>
    /// <exception cref="RpcException">The request was refused, cancelled, or ended for a reason that is no finish.</exception>
    public async Task RunAsync<TResponse>(
        ServedModel served, GenerationPlan plan, ResponseShape<TResponse> shape, IServerStreamWriter<TResponse> responses, ServerCallContext context)
        where TResponse : class
    {
        var started = clock.GetTimestamp();
        var outcome = "refused";
        var engine = served.Engine;
        using var writer = new TimedStreamWriter<TResponse>(responses, engine.Settings.SlowReaderTimeout, context, clock);
        using var request = requests.Open(plan.Call.RequestId);
        await using var cancellation = context.CancellationToken.Register(() => request.End(EarlyEnd.CallEnded));
        await using var bound = clock.CreateTimer(_ => request.End(EarlyEnd.TookTooLong), state: null, serve.Limits.MaxRequestDuration, Timeout.InfiniteTimeSpan);
        await using var expiry = plan.Options.MaxDuration is { } most
            ? clock.CreateTimer(_ => request.End(EarlyEnd.Expired), state: null, most, Timeout.InfiniteTimeSpan)
            : null;
        Generation[] generations = [];
        AnswerStream<TResponse>[] answers = [];
        try
        {
            if (plan.Prompt.Length >= engine.Settings.ContextLength)
            {
                throw RpcErrors.PromptTooLong(plan.Prompt.Length, engine.Settings.ContextLength);
            }

            generations = Submit(engine, plan, request, LongestWait(context));
            await context.WriteResponseHeadersAsync(new Metadata { { RequestMetadata.RequestId, plan.Call.RequestId } });

            outcome = "cancelled";
            if (await generations[0].Admitted || request.EndedEarly is EarlyEnd.Aborted or EarlyEnd.Expired)
            {
                await writer.WriteAsync(shape.Prompt(new PromptInfo
                {
                    PromptTokens = plan.Prompt.Length,
                    CachedTokens = generations[0].CachedTokens,
                    QueueTime = Duration.FromTimeSpan(generations[0].Queued),
                    Seed = plan.Options.Sampling.Seed,
                }));
            }

            answers = [.. generations.Select((generation, choice) => new AnswerStream<TResponse>(choice, generation, plan, served.Model.Vocabulary, shape, writer))];
            var ends = await Task.WhenAll(answers.Select(answer => WriteAsync(answer, request, context)));
            // One that fails ends the others, so a cancelled one is seldom the cause.
            var worst = ends.Where(static end => end.Reason is null).OrderBy(static end => end.End.Cause == EndCause.Cancelled).FirstOrDefault();
            outcome = (worst ?? ends[0]).Outcome;
            if (worst is not null)
            {
                throw worst.ToError(engine.Settings, serve.Limits);
            }
        }
        finally
        {
            request.End(EarlyEnd.CallEnded);
            outcome = writer.GaveUp ? "slow_reader" : outcome;
            var completion = answers.Sum(static answer => answer.CompletionTokens);
            var first = generations.Length > 0 ? generations[0] : null;
            var duration = clock.GetElapsedTime(started);
            metrics.RequestEnded(shape.Operation, state.Model?.Name ?? "", outcome, duration, first?.TimeToFirstToken, completion);
            traces.RequestEnded(context.RequestHeaders, plan.Call.RequestId, shape.Operation, state.Model?.Name ?? "", outcome, duration, plan.Prompt.Length, completion, first);
            LogRequestEnded(logger, plan.Call.RequestId, shape.Operation, outcome, plan.Prompt.Length, completion, first?.Queued.TotalMilliseconds ?? 0, duration.TotalMilliseconds);
        }
    }

    private static Generation[] Submit(InferenceEngine engine, GenerationPlan plan, OpenRequest request, TimeSpan? longestWait)
    {
        try
        {
            var generations = new Generation[plan.Options.Choices];
            for (var choice = 0; choice < generations.Length; choice++)
            {
                generations[choice] = engine.Submit(plan.Options.ForEngine(plan.Prompt, plan.Grammar, plan.Call, choice) with { LongestWait = longestWait });
                request.Add(generations[choice]);
            }

            return generations;
        }
        catch (EngineRefusedException refused)
        {
            throw (refused.Refusal, refused.RetryAfter) switch
            {
                (EngineRefusal.UnknownAdapter, _) => RpcErrors.NotFound("ADAPTER", $"{refused.Message} Control.ListAdapters tells those that there are."),
                (_, { } retryAfter) => RpcErrors.QueueFull(refused.Message, retryAfter),
                _ => RpcErrors.Unavailable("DRAINING", refused.Message),
            };
        }
        finally
        {
            // Each sampler has a copy.
            plan.Grammar?.Dispose();
        }
    }

    private async Task<AnswerEnd> WriteAsync<TResponse>(AnswerStream<TResponse> answer, OpenRequest request, ServerCallContext context)
        where TResponse : class
    {
        try
        {
            var end = await answer.WriteAsync((end, stop, tokens) => new AnswerEnd(end, stop, tokens, request.EndedEarly, DeadlinePassed(context)));
            if (end.Reason is null)
            {
                // The call fails, so the other answers are of no use.
                request.End(EarlyEnd.CallEnded);
            }

            return end;
        }
        catch
        {
            request.End(EarlyEnd.CallEnded);
            throw;
        }
    }

    // Whoever would not hear of the answer any more is better told at once.
    private TimeSpan? LongestWait(ServerCallContext context) =>
        context.Deadline == DateTime.MaxValue ? null : TimeSpan.FromTicks(Math.Max(0, (context.Deadline - clock.GetUtcNow().UtcDateTime).Ticks));

    private bool DeadlinePassed(ServerCallContext context) => context.Deadline <= clock.GetUtcNow().UtcDateTime;

    [LoggerMessage(1001, LogLevel.Information, "Request {RequestId} ({Operation}) ended with {Outcome}: {PromptTokens} prompt tokens, {CompletionTokens} completion tokens, {QueueMilliseconds:0.0} ms in the queue, {Milliseconds:0.0} ms in all")]
    private static partial void LogRequestEnded(ILogger logger, string requestId, string operation, string outcome, int promptTokens, int completionTokens, double queueMilliseconds, double milliseconds);
}
