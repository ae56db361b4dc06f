using Grpc.Core;

namespace FleetOps.Soak;

/// <summary>How a call ends that its own client gives up.</summary>
internal static class GivenUp
{
    /// <summary>Whether the deadline ended it.</summary>
    public static bool ByDeadline(RpcException error, DateTimeOffset deadline) =>
        error.StatusCode == StatusCode.DeadlineExceeded || (WhileReading(error) && TimeProvider.System.GetUtcNow() >= deadline);

    /// <summary>Whether the client threw the response away while it read it, and then called its own doing a broken connection.</summary>
    public static bool WhileReading(RpcException error) => error.StatusCode == StatusCode.Unavailable && error.Status.DebugException is IOException;
}
