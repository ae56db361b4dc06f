using System.Diagnostics;
using FleetOps.InferenceWorker.Engine.Requests;
using Grpc.Core;

namespace FleetOps.InferenceWorker.Telemetry;

/// <summary>
/// One span for each request, named and tagged as the OpenTelemetry GenAI convention wants it, in the trace of the caller if it sent
/// one. Spans are made when requests end, so those that nobody listens to cost nothing. Safe for use from any thread.
/// </summary>
internal sealed class RequestTraces(TimeProvider clock) : IDisposable
{
    /// <summary>Name of the source of the spans.</summary>
    public const string Source = "FleetOps.Inference";

    private readonly ActivitySource _source = new(Source);

    /// <summary>Makes the span of a request that has just ended.</summary>
    /// <param name="headers">The caller's metadata, with <c>traceparent</c> and <c>tracestate</c> if it traces.</param>
    /// <param name="requestId">Id of the request.</param>
    /// <param name="operation">The operation, as the GenAI convention names it.</param>
    /// <param name="model">The name of the model.</param>
    /// <param name="outcome">How it ended.</param>
    /// <param name="duration">From arrival to the end.</param>
    /// <param name="promptTokens">Tokens of the prompt.</param>
    /// <param name="completionTokens">Tokens that were sampled.</param>
    /// <param name="generation">The first answer, for when it was admitted and had its first token; null if there was none.</param>
    public void RequestEnded(
        Metadata headers, string requestId, string operation, string model, string outcome, TimeSpan duration, int promptTokens, int completionTokens, Generation? generation)
    {
        if (!_source.HasListeners())
        {
            return;
        }

        var end = clock.GetUtcNow();
        var start = end - duration;
        // What the web server makes of the call is not exported, so it can be nobody's parent.
        var current = Activity.Current;
        Activity.Current = null;
        var parent = ActivityContext.TryParse(headers.GetValue("traceparent"), headers.GetValue("tracestate"), isRemote: true, out var sent) ? sent : default;
        using var span = _source.StartActivity($"{operation} {model}", ActivityKind.Server, parent, tags: null, links: null, start);
        if (span is not null)
        {
            span.SetTag("gen_ai.operation.name", operation)
                .SetTag("gen_ai.provider.name", "fleetops")
                .SetTag("gen_ai.request.model", model)
                .SetTag("gen_ai.response.id", requestId)
                .SetTag("gen_ai.usage.input_tokens", promptTokens)
                .SetTag("gen_ai.usage.output_tokens", completionTokens)
                .SetTag("fleetops.outcome", outcome);
            if (outcome is not ("stop" or "length" or "ok"))
            {
                span.SetTag("error.type", outcome).SetStatus(ActivityStatusCode.Error);
            }

            if (generation?.TimeToFirstToken is { } first)
            {
                span.AddEvent(new ActivityEvent("admitted", start + generation.Queued)).AddEvent(new ActivityEvent("first token", start + first));
            }

            span.SetEndTime(end.UtcDateTime);
        }

        Activity.Current = current;
    }

    /// <inheritdoc/>
    public void Dispose() => _source.Dispose();
}
