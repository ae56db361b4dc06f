using FleetOps.InferenceWorker.Services;
using FleetOps.InferenceWorker.Telemetry;
using Microsoft.Net.Http.Headers;

namespace FleetOps.InferenceWorker.Security;

/// <summary>
/// Lets a call through only with an accepted bearer token. It stands before gRPC, so that what a stranger sends is not even
/// read. Health stays open, because probes bring no token. Thread-safe.
/// </summary>
internal sealed partial class TokenGate
{
    private const string Scheme = "Bearer ";
    private static readonly PathString Health = "/" + Grpc.Health.V1.Health.Descriptor.FullName;

    private readonly MountedFiles<BearerTokens> _tokens;
    private readonly ServerMetrics _metrics;

    /// <summary>Reads the tokens.</summary>
    /// <exception cref="State.WorkerFailedException">They cannot be used.</exception>
    public TokenGate(SecurityOptions options, ServerMetrics metrics, TimeProvider clock, ILogger<TokenGate> logger)
    {
        _metrics = metrics;
        _tokens = new MountedFiles<BearerTokens>(
            "list of tokens", [options.Tokens!], contents => BearerTokens.Read(options.Tokens!, contents[0]), metrics, clock, logger);
        if (options.Certificate is null)
        {
            LogPlainText(logger);
        }
    }

    /// <summary>Middleware for every request; those of the other port are not gRPC's and pass.</summary>
    public Task CheckAsync(HttpContext context, RequestDelegate next)
    {
        if (!HttpProtocol.IsHttp2(context.Request.Protocol) || context.Request.Path.StartsWithSegments(Health, StringComparison.Ordinal))
        {
            return next(context);
        }

        var sent = context.Request.Headers[HeaderNames.Authorization];
        if (sent.Count == 1 && sent[0]!.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) && _tokens.Current.Accepts(sent[0].AsSpan(Scheme.Length).Trim()))
        {
            return next(context);
        }

        _metrics.CallUnauthenticated();
        var error = sent.Count == 0
            ? RpcErrors.Unauthenticated("TOKEN_MISSING", "The call brings no token. Send one as metadata: `authorization: Bearer TOKEN`.")
            : RpcErrors.Unauthenticated("TOKEN_UNKNOWN", "The metadata `authorization` brings no token that this worker knows. It must be `Bearer TOKEN`, once, with a token from the worker's list.");
        return RpcAnswer.WriteAsync(context, error);
    }

    [LoggerMessage(1403, LogLevel.Warning, "Tokens are asked for on a port of plain text, where who listens reads them. Set --tls-cert and --tls-key, unless a mesh encrypts the way")]
    private static partial void LogPlainText(ILogger logger);
}
