using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Engine;
using FleetOps.InferenceWorker.Engine.Requests;
using FleetOps.InferenceWorker.Serving;
using FleetOps.InferenceWorker.Telemetry;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace FleetOps.InferenceWorker.Services;

/// <summary>Takes one request through the engine and streams the answers: one prompt, any number of pieces, one finish for each answer.</summary>
internal sealed class GenerationCall(ServeOptions serve, OpenRequests requests, TimeProvider clock)
{
    /// <summary>Runs the request to its end.</summary>
    /// <exception cref="RpcException">The request was refused, cancelled, or ended for a reason that is no finish.</exception>
    public async Task RunAsync<TResponse>(
        ServedModel served, GenerationPlan plan, ResponseShape<TResponse> shape, IServerStreamWriter<TResponse> responses, ServerCallContext context, RequestRecord record)
        where TResponse : class
    {
        record.Options = plan.Options;
        record.PromptTokens = plan.Prompt.Length;
        var engine = served.Engine;
        using var writer = new TimedStreamWriter<TResponse>(responses, engine.Settings.SlowReaderTimeout, context, clock);
        using var request = requests.Open(plan.Call.RequestId);
        await using var cancellation = context.CancellationToken.Register(() => request.End(EarlyEnd.CallEnded));
        await using var bound = clock.CreateTimer(_ => request.End(EarlyEnd.TookTooLong), state: null, serve.Limits.MaxRequestDuration, Timeout.InfiniteTimeSpan);
        await using var expiry = plan.Options.MaxDuration is { } most
            ? clock.CreateTimer(_ => request.End(EarlyEnd.Expired), state: null, most, Timeout.InfiniteTimeSpan)
            : null;
        AnswerStream<TResponse>[] answers = [];
        try
        {
            if (plan.Prompt.Length >= engine.Settings.ContextLength)
            {
                throw RpcErrors.PromptTooLong(plan.Prompt.Length, engine.Settings.ContextLength);
            }

            var generations = Submit(engine, plan, request, LongestWait(context));
            record.Generations = generations;
            await context.WriteResponseHeadersAsync(new Metadata { { RequestMetadata.RequestId, plan.Call.RequestId } });

            record.Outcome = Outcomes.Cancelled;
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

            LoggedText[]? texts = record.KeepsText ? [.. generations.Select(static _ => new LoggedText())] : null;
            record.Answers = texts ?? [];
            answers = [.. generations.Select((generation, choice) => new AnswerStream<TResponse>(choice, generation, plan, served.Model.Vocabulary, shape, writer, texts?[choice]))];
            var ends = await Task.WhenAll(answers.Select(answer => WriteAsync(answer, request, context)));
            // One that fails ends the others, so a cancelled one is seldom the cause.
            var worst = ends.Where(static end => end.Reason is null).OrderBy(static end => end.End.Cause == EndCause.Cancelled).FirstOrDefault();
            record.Outcome = (worst ?? ends[0]).Outcome;
            record.FinishReasons = [.. ends.Select(static end => end.Outcome)];
            if (worst is not null)
            {
                throw worst.ToError(engine.Settings, serve.Limits);
            }
        }
        finally
        {
            request.End(EarlyEnd.CallEnded);
            record.Outcome = writer.GaveUp ? Outcomes.SlowReader : record.Outcome;
            record.CompletionTokens = answers.Sum(static answer => answer.CompletionTokens);
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
}
