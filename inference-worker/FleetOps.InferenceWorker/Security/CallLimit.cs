using FleetOps.InferenceWorker.Services;
using FleetOps.InferenceWorker.Serving;
using FleetOps.InferenceWorker.Telemetry;
using Grpc.Core;

namespace FleetOps.InferenceWorker.Security;

/// <summary>Bounds how many calls are open at once, and says which bound a refused call ran into. Thread-safe.</summary>
internal sealed class CallLimit
{
    private static readonly PathString HealthCheck = $"/{Grpc.Health.V1.Health.Descriptor.FullName}/Check";
    private static readonly string ResourceExhausted = ((int)StatusCode.ResourceExhausted).ToString(System.Globalization.CultureInfo.InvariantCulture);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly ServerLimits _limits;
    private readonly ServerMetrics _metrics;
    private int _open;

    /// <summary>Counts from now on.</summary>
    public CallLimit(ServeOptions options, ServerMetrics metrics)
    {
        _limits = options.Limits;
        _metrics = metrics;
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

            await next(context);
            ExplainSize(context);
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }

    /// <summary>gRPC refuses a message that is too large by itself, without telling the bound.</summary>
    private void ExplainSize(HttpContext context)
    {
        var headers = context.Response.Headers;
        if (!context.Response.HasStarted && headers["grpc-status"] == ResourceExhausted && !headers.ContainsKey("grpc-status-details-bin"))
        {
            _metrics.CallRefused();
            RpcAnswer.Describe(headers, RpcErrors.RequestTooLarge(_limits.MaxRequestBytes));
        }
    }
}
