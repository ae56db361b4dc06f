using Grpc.Core;

namespace FleetOps.InferenceWorker.Telemetry;

/// <summary>How requests end, in one word for metrics, traces and logs. Dashboards and alerts depend on the words.</summary>
internal static class Outcomes
{
    /// <summary>The answer is complete.</summary>
    public const string Stop = "stop";

    /// <summary>The answer is as long as it may be.</summary>
    public const string Length = "length";

    /// <summary>Somebody aborted the request by its id.</summary>
    public const string Aborted = "aborted";

    /// <summary>The caller went away.</summary>
    public const string Cancelled = "cancelled";

    /// <summary>The time of the request was over.</summary>
    public const string Deadline = "deadline";

    /// <summary>The caller did not read the answer.</summary>
    public const string SlowReader = "slow_reader";

    /// <summary>The worker had to end before the answer was complete.</summary>
    public const string Drained = "drained";

    /// <summary>No token could follow what the answer must look like.</summary>
    public const string ConstraintFailed = "constraint_failed";

    /// <summary>The worker failed.</summary>
    public const string EngineFailed = "engine_failed";

    /// <summary>The worker could not take the request: its queue was full, or it was loading or draining.</summary>
    public const string Refused = "refused";

    /// <summary>The request was wrong, or one that this model cannot answer: the caller's own mistake.</summary>
    public const string Invalid = "invalid";

    /// <summary>All of them.</summary>
    public static readonly IReadOnlyList<string> All =
        [Stop, Length, Aborted, Cancelled, Deadline, SlowReader, Drained, ConstraintFailed, EngineFailed, Refused, Invalid];

    /// <summary>Whether the caller got what it asked for.</summary>
    public static bool IsGood(string outcome) => outcome is Stop or Length;

    /// <summary>The outcome of a request that ended with a status and says no more.</summary>
    public static string Of(StatusCode status) => status switch
    {
        StatusCode.InvalidArgument or StatusCode.OutOfRange or StatusCode.NotFound or StatusCode.FailedPrecondition or StatusCode.AlreadyExists => Invalid,
        StatusCode.ResourceExhausted or StatusCode.Unavailable => Refused,
        StatusCode.DeadlineExceeded => Deadline,
        StatusCode.Cancelled => Cancelled,
        _ => EngineFailed,
    };
}
