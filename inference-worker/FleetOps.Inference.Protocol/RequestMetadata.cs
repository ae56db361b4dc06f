namespace FleetOps.Inference.V1;

/// <summary>Names of the gRPC metadata entries that belong to the contract beside the messages.</summary>
public static class RequestMetadata
{
    /// <summary>
    /// Identifies a request in logs. The client may send it (at most 128 visible ASCII characters); the server makes one
    /// up otherwise, and returns it in the response headers either way.
    /// </summary>
    public const string RequestId = "x-request-id";
}
