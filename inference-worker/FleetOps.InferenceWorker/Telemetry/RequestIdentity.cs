using System.Collections;
using System.Diagnostics;
using FleetOps.Inference.V1;
using Grpc.Core;
using Microsoft.Extensions.Primitives;

namespace FleetOps.InferenceWorker.Telemetry;

/// <summary>The ids of a call, which every log line about it carries.</summary>
internal sealed class RequestIdentity : IReadOnlyList<KeyValuePair<string, object?>>
{
    private const int MaxLength = 128;
    private static readonly object Key = new();

    private RequestIdentity(string requestId, string? traceId)
    {
        RequestId = requestId;
        TraceId = traceId;
    }

    /// <summary>The id that the client sent, if it can be shown in a log as it is; else a new one.</summary>
    public string RequestId { get; }

    /// <summary>The trace that the call belongs to; null for none.</summary>
    public string? TraceId { get; set; }

    /// <inheritdoc/>
    public int Count => TraceId is null ? 1 : 2;

    /// <inheritdoc/>
    public KeyValuePair<string, object?> this[int index] => index switch
    {
        0 => new(nameof(RequestId), RequestId),
        1 when TraceId is not null => new(nameof(TraceId), TraceId),
        _ => throw new ArgumentOutOfRangeException(nameof(index), index, $"The identity has {Count} entries."),
    };

    /// <summary>Names a call.</summary>
    public static RequestIdentity Give(HttpContext context)
    {
        var headers = context.Request.Headers;
        var sent = headers[RequestMetadata.RequestId].ToString();
        var identity = new RequestIdentity(
            sent is { Length: > 0 and <= MaxLength } && sent.All(static character => character is > ' ' and <= '~') ? sent : Guid.CreateVersion7().ToString("N"),
            headers.TryGetValue("traceparent", out var parent) ? TraceOf(parent) : null);
        context.Items[Key] = identity;
        return identity;
    }

    /// <summary>The name of a call.</summary>
    public static RequestIdentity Of(ServerCallContext call) => (RequestIdentity)call.GetHttpContext().Items[Key]!;

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator()
    {
        for (var i = 0; i < Count; i++)
        {
            yield return this[i];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public override string ToString() => TraceId is null ? $"request {RequestId}" : $"request {RequestId}, trace {TraceId}";

    private static string? TraceOf(StringValues parent) =>
        ActivityContext.TryParse(parent.ToString(), traceState: null, isRemote: true, out var sent) ? sent.TraceId.ToHexString() : null;
}
