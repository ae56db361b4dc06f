using System.Globalization;

namespace FleetOps.Cluster.Tests.Operator;

/// <summary>One way to break a model: what the parts of Kubernetes and the worker then say, and what the person must be told.</summary>
/// <param name="Reason">The reason of the condition and of the event.</param>
/// <param name="Cause">What the message must say of the cause.</param>
/// <param name="Cure">What the message must say of the cure.</param>
internal sealed record BrokenModel(string Reason, string Cause, string Cure)
{
    public string Spec { get; init; } = "{model: {source: hf://o/r/f.gguf}, resources: {gpus: 1}}";

    /// <summary>What scheduler and kubelet say of the pod, as JSON; null for none.</summary>
    public string? Pod { get; init; }

    /// <summary>What the worker says of itself, as JSON; null for nothing.</summary>
    public string? Worker { get; init; }

    /// <summary>A condition of the Deployment, as JSON; null for none.</summary>
    public string? Deployment { get; init; }

    /// <summary>The scheduler's words about a pod that it cannot place.</summary>
    public static string Unschedulable(string message) =>
        """{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"MESSAGE"}]}""".Replace("MESSAGE", message, StringComparison.Ordinal);

    /// <summary>The kubelet's words about a container that it cannot start.</summary>
    public static string Waiting(string reason, string message) =>
        """{"phase":"Pending","containerStatuses":[{"name":"worker","image":"i","imageID":"","ready":false,"restartCount":0,"state":{"waiting":{"reason":"REASON","message":"MESSAGE"}}}]}"""
            .Replace("REASON", reason, StringComparison.Ordinal).Replace("MESSAGE", message, StringComparison.Ordinal);

    /// <summary>A worker that ends again and again.</summary>
    public static string Crashed(int exitCode, string message = "", string reason = "Error") =>
        """
        {"phase":"Running","containerStatuses":[{"name":"worker","image":"i","imageID":"","ready":false,"restartCount":2,"state":{"waiting":{"reason":"CrashLoopBackOff","message":"back-off 20s restarting failed container"}},
          "lastState":{"terminated":{"exitCode":CODE,"reason":"REASON","message":"MESSAGE"}}}]}
        """
            .Replace("CODE", exitCode.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("REASON", reason, StringComparison.Ordinal)
            .Replace("MESSAGE", message, StringComparison.Ordinal);

    /// <summary>A worker that left word when it ended.</summary>
    public static BrokenModel Worded(int exitCode, string reason, string words, string cure) =>
        new(reason, words, cure) { Pod = Crashed(exitCode, $$"""{\"reason\":\"{{reason}}\",\"message\":\"{{words}}\"}""") };

    /// <summary>A pod that cannot even be created.</summary>
    public static BrokenModel Refused(string reason, string words, string cure) => new(reason, words, cure)
    {
        Deployment = """{"type":"ReplicaFailure","status":"True","reason":"FailedCreate","message":"pods \"x\" is forbidden: WORDS"}""".Replace("WORDS", words, StringComparison.Ordinal),
    };
}
