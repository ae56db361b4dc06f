using FleetOps.InferenceWorker.Serving;
using FleetOps.InferenceWorker.State;
using Grpc.Core;

namespace FleetOps.InferenceWorker.Telemetry;

/// <summary>Tells of every request to the model how it ended: as metrics, as a trace, and in one line of the log. Safe for use from any thread.</summary>
internal sealed partial class RequestRecorder(
    ServeOptions options, InferenceMetrics metrics, RequestTraces traces, WorkerState state, TimeProvider clock, ILogger<RequestRecorder> logger)
{
    /// <summary>Answers a request and tells of its end.</summary>
    /// <param name="operation">One of <see cref="Operations"/>.</param>
    /// <param name="context">The call.</param>
    /// <param name="answer">Answers it, and notes what is to be told.</param>
    public Task RunAsync(string operation, ServerCallContext context, Func<RequestRecord, Task> answer) => RunAsync(operation, context, async record =>
    {
        await answer(record);
        return true;
    });

    /// <inheritdoc cref="RunAsync(string, ServerCallContext, Func{RequestRecord, Task})"/>
    public async Task<T> RunAsync<T>(string operation, ServerCallContext context, Func<RequestRecord, Task<T>> answer)
    {
        var identity = RequestIdentity.Of(context);
        var record = new RequestRecord(operation, identity.RequestId, clock.GetUtcNow(), clock.GetTimestamp(), options.LogPrompts);
        var span = traces.Begin(operation, Model, context.RequestHeaders, record.StartedAt);
        if (span is not null)
        {
            identity.TraceId = span.TraceId.ToHexString();
        }

        try
        {
            var result = await answer(record);
            record.Outcome ??= Outcomes.Stop;
            return result;
        }
        catch (RpcException error)
        {
            record.Outcome ??= Outcomes.Of(error.StatusCode);
            throw;
        }
        catch
        {
            record.Outcome ??= context.CancellationToken.IsCancellationRequested ? Outcomes.Cancelled : Outcomes.EngineFailed;
            throw;
        }
        finally
        {
            var duration = clock.GetElapsedTime(record.StartedTimestamp);
            metrics.RequestEnded(operation, Model, record.Outcome!, duration, TimeToFirstToken(record), record.CompletionTokens);
            traces.End(span, record, duration);
            Log(record, duration);
        }
    }

    private string Model => state.Model?.Name ?? options.ModelName ?? "";

    private TimeSpan? TimeToFirstToken(RequestRecord record) => record.Generations is [{ TimeToFirstToken: { } first } generation, ..]
        ? clock.GetElapsedTime(record.StartedTimestamp, generation.SubmittedAt) + first
        : null;

    private void Log(RequestRecord record, TimeSpan duration)
    {
        var milliseconds = duration.TotalMilliseconds;
        var queued = record.Generations.Count > 0 ? record.Generations[0].Queued.TotalMilliseconds : 0;
        if (record.KeepsText)
        {
            var answer = string.Join('\n', record.Answers);
            LogEndWithText(
                logger, record.RequestId, record.Operation, record.Outcome!, record.PromptTokens, record.CompletionTokens, queued, milliseconds, record.Prompt?.ToString() ?? "", answer);
        }
        else if (record.Operation is Operations.Embeddings or Operations.Rerank)
        {
            LogComputed(logger, record.RequestId, record.Operation, record.Outcome!, record.Inputs, record.PromptTokens, milliseconds);
        }
        else
        {
            LogEnd(logger, record.RequestId, record.Operation, record.Outcome!, record.PromptTokens, record.CompletionTokens, queued, milliseconds);
        }
    }

    [LoggerMessage(1001, LogLevel.Information, "Request {RequestId} ({Operation}) ended with {Outcome}: {PromptTokens} prompt tokens, {CompletionTokens} completion tokens, {QueueMilliseconds:0.0} ms in the queue, {Milliseconds:0.0} ms in all")]
    private static partial void LogEnd(ILogger logger, string requestId, string operation, string outcome, int promptTokens, int completionTokens, double queueMilliseconds, double milliseconds);

    [LoggerMessage(1002, LogLevel.Information, "Request {RequestId} ({Operation}) ended with {Outcome}: {Inputs} inputs of {PromptTokens} tokens together, {Milliseconds:0.0} ms in all")]
    private static partial void LogComputed(ILogger logger, string requestId, string operation, string outcome, int inputs, int promptTokens, double milliseconds);

    [LoggerMessage(1003, LogLevel.Information, "Request {RequestId} ({Operation}) ended with {Outcome}: {PromptTokens} prompt tokens, {CompletionTokens} completion tokens, {QueueMilliseconds:0.0} ms in the queue, {Milliseconds:0.0} ms in all. Prompt: {Prompt} Answer: {Answer}")]
    private static partial void LogEndWithText(
        ILogger logger, string requestId, string operation, string outcome, int promptTokens, int completionTokens, double queueMilliseconds, double milliseconds, string prompt, string answer);
}
