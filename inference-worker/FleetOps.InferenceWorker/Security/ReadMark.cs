using Grpc.Core;
using Grpc.Core.Interceptors;

namespace FleetOps.InferenceWorker.Security;

/// <summary>
/// Marks calls whose message could be read. gRPC answers a message that is none like any fault of a handler; the mark tells the
/// caller's mistake from ours. Thread-safe.
/// </summary>
internal sealed class ReadMark : Interceptor
{
    private static readonly object Key = new();

    /// <summary>Whether a service got the message of the call.</summary>
    public static bool IsSet(HttpContext context) => context.Items.ContainsKey(Key);

    /// <inheritdoc/>
    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        Set(context);
        return continuation(request, context);
    }

    /// <inheritdoc/>
    public override Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Set(context);
        return continuation(request, responseStream, context);
    }

    private static void Set(ServerCallContext context) => context.GetHttpContext().Items[Key] = Key;
}
