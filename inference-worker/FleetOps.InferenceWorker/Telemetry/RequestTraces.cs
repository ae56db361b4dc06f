using System.Diagnostics;
using System.Globalization;
using FleetOps.InferenceWorker.Services;
using Grpc.Core;

namespace FleetOps.InferenceWorker.Telemetry;

/// <summary>
/// One span for each request, in the trace of the caller if it sent one, and below it one for each part of the way of its answers: <c>queue</c>,
/// <c>prefill</c>, <c>decode</c>. Names and attributes are those of the OpenTelemetry GenAI convention. Nothing is made while nobody listens. Safe for use from any thread.
/// </summary>
internal sealed class RequestTraces(TimeProvider clock) : IDisposable
{
    /// <summary>Name of the source of the spans.</summary>
    public const string Source = "FleetOps.Inference";

    private const string CachedTokens = "gen_ai.usage.cache_read.input_tokens";
    private const string InputTokens = "gen_ai.usage.input_tokens";
    private const string OutputTokens = "gen_ai.usage.output_tokens";

    private readonly ActivitySource _source = new(Source);

    /// <summary>Begins the span of a request; null when nobody listens.</summary>
    /// <param name="operation">The operation, as the GenAI convention names it.</param>
    /// <param name="model">The name of the model.</param>
    /// <param name="headers">The caller's metadata, with <c>traceparent</c> and <c>tracestate</c> if it traces.</param>
    /// <param name="startedAt">When the request came.</param>
    public Activity? Begin(string operation, string model, Metadata headers, DateTimeOffset startedAt)
    {
        if (!_source.HasListeners())
        {
            return null;
        }

        // What the web server makes of the call is not exported, so it can be nobody's parent.
        Activity.Current = null;
        var parent = ActivityContext.TryParse(headers.GetValue("traceparent"), headers.GetValue("tracestate"), isRemote: true, out var sent) ? sent : default;
        // Samplers may look at these.
        var tags = new ActivityTagsCollection
        {
            ["gen_ai.operation.name"] = operation,
            ["gen_ai.provider.name"] = "fleetops",
            ["gen_ai.request.model"] = model,
        };
        return _source.StartActivity($"{operation} {model}", ActivityKind.Server, parent, tags, links: null, startedAt);
    }

    /// <summary>Ends the span of a request.</summary>
    /// <param name="span">What <see cref="Begin"/> gave.</param>
    /// <param name="record">What is known of it.</param>
    /// <param name="duration">From its arrival to its end.</param>
    public void End(Activity? span, RequestRecord record, TimeSpan duration)
    {
        if (span is null)
        {
            return;
        }

        var end = record.StartedAt + duration;
        if (span.IsAllDataRequested)
        {
            Describe(span, record);
            for (var choice = 0; choice < record.Generations.Count; choice++)
            {
                Follow(span, record, choice, end);
            }
        }

        span.SetEndTime(end.UtcDateTime);
        span.Dispose();
    }

    /// <inheritdoc/>
    public void Dispose() => _source.Dispose();

    private static void Describe(Activity span, RequestRecord record)
    {
        span.SetTag("gen_ai.response.model", span.GetTagItem("gen_ai.request.model"))
            .SetTag("gen_ai.response.id", record.RequestId)
            .SetTag(InputTokens, record.PromptTokens)
            .SetTag("fleetops.outcome", record.Outcome);
        if (record.Options is { } asked)
        {
            Describe(span, asked);
            span.SetTag(OutputTokens, record.CompletionTokens);
        }

        if (record.Generations.Count > 0)
        {
            span.SetTag(CachedTokens, record.Generations[0].CachedTokens);
        }

        if (record.FinishReasons.Count > 0)
        {
            span.SetTag("gen_ai.response.finish_reasons", record.FinishReasons.ToArray());
        }

        if (!Outcomes.IsGood(record.Outcome!))
        {
            span.SetTag("error.type", record.Outcome).SetStatus(ActivityStatusCode.Error);
        }
    }

    private static void Describe(Activity span, RequestOptions asked)
    {
        var sampling = asked.Sampling;
        span.SetTag("gen_ai.request.max_tokens", asked.MaxTokens)
            .SetTag("gen_ai.request.temperature", Exact(sampling.Temperature))
            .SetTag("gen_ai.request.top_p", Exact(sampling.TopP))
            .SetTag("gen_ai.request.top_k", sampling.TopK)
            .SetTag("gen_ai.request.frequency_penalty", Exact(sampling.FrequencyPenalty))
            .SetTag("gen_ai.request.presence_penalty", Exact(sampling.PresencePenalty))
            .SetTag("gen_ai.request.seed", (long)sampling.Seed);
        if (asked.Choices > 1)
        {
            span.SetTag("gen_ai.request.choice.count", asked.Choices);
        }
    }

    /// <summary>Makes the spans of one answer's way through the engine, as far as it came.</summary>
    private void Follow(Activity request, RequestRecord record, int choice, DateTimeOffset requestEnd)
    {
        var generation = record.Generations[choice];
        var submitted = record.StartedAt + clock.GetElapsedTime(record.StartedTimestamp, generation.SubmittedAt);
        int? number = record.Generations.Count > 1 ? choice : null;
        if (!generation.WasAdmitted)
        {
            Part(request, "queue", number, submitted, generation.End is { } gone ? submitted + gone.Queued : requestEnd);
            return;
        }

        var admitted = submitted + generation.Queued;
        Part(request, "queue", number, submitted, admitted);
        // What is cut off on its way has no first token, and what the engine has not let go of yet no end.
        var firstToken = generation.TimeToFirstToken is { } first ? generation.End is { } ended ? admitted + ended.Prefill : submitted + first : (DateTimeOffset?)null;
        Part(request, "prefill", number, admitted, firstToken ?? requestEnd, new(InputTokens, record.PromptTokens), new(CachedTokens, generation.CachedTokens));
        if (firstToken is { } begin)
        {
            Part(request, "decode", number, begin, generation.End is { } end ? begin + end.Decode : requestEnd, new KeyValuePair<string, object?>(OutputTokens, generation.End?.SampledTokens));
        }
    }

    private void Part(Activity request, string name, int? choice, DateTimeOffset start, DateTimeOffset end, params ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        using var part = _source.StartActivity(name, ActivityKind.Internal, request.Context, tags: null, links: null, start);
        part?.SetTag("fleetops.choice", choice).SetEndTime(end.UtcDateTime);
        foreach (var (key, value) in tags)
        {
            part?.SetTag(key, value);
        }
    }

    // The shortest text that is the number, so that 0.9 stays 0.9.
    private static double Exact(float number) => double.Parse(number.ToString("R", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
}
