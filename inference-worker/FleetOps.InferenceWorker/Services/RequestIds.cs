using FleetOps.Inference.V1;
using Grpc.Core;

namespace FleetOps.InferenceWorker.Services;

/// <summary>Names requests in logs and response headers.</summary>
internal static class RequestIds
{
    private const int MaxLength = 128;

    /// <summary>The id that the client sent, if it can be shown in a log as it is; else a new one.</summary>
    public static string Of(ServerCallContext context)
    {
        var sent = context.RequestHeaders.GetValue(RequestMetadata.RequestId);
        return sent is { Length: > 0 and <= MaxLength } && sent.All(character => character is > ' ' and <= '~')
            ? sent
            : Guid.CreateVersion7().ToString("N");
    }
}
