namespace FleetOps.Operator.ModelDeployments.Plan;

/// <summary>What operator and worker have agreed on: ports, paths and how long a worker may take to end.</summary>
internal static class WorkerContract
{
    public const string ContainerName = "worker";

    public const string GrpcPortName = "grpc";

    public const string HttpPortName = "http";

    public const int GrpcPort = 9090;

    public const int HttpPort = 8080;

    public const string ModelsPath = "/var/lib/fleetops/models";

    public const string ClaimsPath = "/var/lib/fleetops/claims";

    public const string CredentialsPath = "/etc/fleetops/credentials";

    public const string TlsPath = "/etc/fleetops/tls";

    public const string TokensPath = "/etc/fleetops/tokens";

    /// <summary>User and group of the worker; the image is built for it.</summary>
    public const long UserId = 65532;

    /// <summary>How long a worker that is told to end still serves new calls, while its address leaves the endpoints.</summary>
    public const int DrainDelaySeconds = 3;

    /// <summary>Time from SIGTERM to SIGKILL: the delay, the time that running calls may take after it, and some to unload.</summary>
    public static int TerminationGracePeriodSeconds(int drainTimeoutSeconds) => DrainDelaySeconds + drainTimeoutSeconds + 7;
}
