namespace FleetOps.Inference.V1;

/// <summary>Names of the gRPC metadata entries that belong to the contract beside the messages.</summary>
public static class RequestMetadata
{
    /// <summary>
    /// Identifies a request in logs and for <c>Control.Abort</c>. The client may send it (at most 128 visible ASCII
    /// characters); the server makes one up otherwise, and returns it in the response headers either way.
    /// </summary>
    public const string RequestId = "x-request-id";

    /// <summary>
    /// On whose behalf a request comes (at most 128 visible ASCII characters). Tenants share the server fairly, and never
    /// each other's cached prefixes. Absent: the tenant without a name.
    /// </summary>
    public const string Tenant = "x-tenant";

    /// <summary>A whole number from -100 to 100; of the requests that wait, the highest goes first. Absent: 0.</summary>
    public const string Priority = "x-priority";

    /// <summary>Cached prefixes are shared only between requests of the same salt (at most 128 visible ASCII characters). Absent: no salt.</summary>
    public const string CacheSalt = "x-cache-salt";

    /// <summary>
    /// Requests of one session, such as the turns of a chat (at most 128 visible ASCII characters). It is for whoever
    /// chooses between servers, so that a session finds its cached prefixes again; the server itself needs it not.
    /// </summary>
    public const string SessionKey = "x-session-key";
}
