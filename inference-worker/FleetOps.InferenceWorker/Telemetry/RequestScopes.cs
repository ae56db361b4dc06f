namespace FleetOps.InferenceWorker.Telemetry;

/// <summary>Names every call, and has each log line about it say the name. Thread-safe.</summary>
internal sealed class RequestScopes(ILogger<RequestScopes> logger)
{
    /// <summary>Middleware for every request; those of the other port are probes and have no name.</summary>
    public async Task BeginAsync(HttpContext context, RequestDelegate next)
    {
        if (!HttpProtocol.IsHttp2(context.Request.Protocol))
        {
            await next(context);
            return;
        }

        using var scope = logger.BeginScope(RequestIdentity.Give(context));
        await next(context);
    }
}
