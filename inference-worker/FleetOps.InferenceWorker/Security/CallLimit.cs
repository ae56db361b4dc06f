using System.Globalization;
using FleetOps.InferenceWorker.Services;
using FleetOps.InferenceWorker.Serving;
using FleetOps.InferenceWorker.Telemetry;
using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;

namespace FleetOps.InferenceWorker.Security;

/// <summary>
/// Bounds how many calls are open at once and how long their answers may lie unread, and says what was wrong with a call that gRPC
/// refused before a service saw it. Thread-safe.
/// </summary>
internal sealed class CallLimit
{
    private static readonly PathString HealthCheck = $"/{Grpc.Health.V1.Health.Descriptor.FullName}/Check";
    private static readonly string ResourceExhausted = Text(StatusCode.ResourceExhausted);
    private static readonly string Unknown = Text(StatusCode.Unknown);
    private const int MostUnflushed = 16 * 1024;
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    /// <summary>Services that stream bound the wait for their readers themselves, and say so; they come first.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(1);

    private readonly ServerLimits _limits;
    private readonly TimeSpan _readerTimeout;
    private readonly ServerMetrics _metrics;
    private readonly TimeProvider _clock;
    private int _open;

    /// <summary>Counts from now on.</summary>
    public CallLimit(ServeOptions options, ServerMetrics metrics, TimeProvider clock)
    {
        _limits = options.Limits;
        _readerTimeout = options.SlowReaderTimeout + Margin;
        _metrics = metrics;
        _clock = clock;
        metrics.ObserveCalls(() => Volatile.Read(ref _open));
    }

    /// <summary>Middleware for every request; those of the other port, and the checks of a kubelet, always pass.</summary>
    public async Task CheckAsync(HttpContext context, RequestDelegate next)
    {
        if (!HttpProtocol.IsHttp2(context.Request.Protocol) || context.Request.Path == HealthCheck)
        {
            await next(context);
            return;
        }

        try
        {
            if (Interlocked.Increment(ref _open) > _limits.MaxCalls)
            {
                _metrics.CallRefused();
                await RpcAnswer.WriteAsync(context, RpcErrors.TooMuch(
                    "TOO_MANY_CALLS",
                    $"The worker has {_limits.MaxCalls} calls open and takes no more (--max-calls). Come back later, or end streams that are not needed.",
                    _limits.MaxCalls,
                    RetryDelay));
                return;
            }

            context.Features.Set<IHttpResponseBodyFeature>(new TimedResponse(context, context.Features.GetRequiredFeature<IHttpResponseBodyFeature>(), _readerTimeout, _clock));
            await next(context);
            Explain(context);
            // gRPC leaves an answer of one message to be sent after the call, when nobody would wait for its reader any more.
            if (context.Response.HasStarted && context.Response.BodyWriter is { CanGetUnflushedBytes: true, UnflushedBytes: > MostUnflushed } writer)
            {
                await writer.FlushAsync();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }

    /// <summary>gRPC refuses a message that is too large, or that is none, by itself, and tells neither the bound nor the fault.</summary>
    private void Explain(HttpContext context)
    {
        var headers = context.Response.Headers;
        if (context.Response.HasStarted || headers.ContainsKey("grpc-status-details-bin") || ReadMark.IsSet(context))
        {
            return;
        }

        var status = headers["grpc-status"];
        if (status == ResourceExhausted)
        {
            _metrics.CallRefused();
            RpcAnswer.Describe(headers, RpcErrors.RequestTooLarge(_limits.MaxRequestBytes));
        }
        else if (status == Unknown)
        {
            RpcAnswer.Describe(headers, RpcErrors.InvalidArgument("message", "cannot be read: it is damaged, or no protobuf message of this method. Make the client from the worker's own proto files."));
        }
    }

    private static string Text(StatusCode code) => ((int)code).ToString(CultureInfo.InvariantCulture);
}
