using System.Globalization;
using System.Text.Json;
using FleetOps.Api;
using FleetOps.Operator.ModelDeployments.Observe;
using k8s.Models;

namespace FleetOps.Operator.ModelDeployments.Status;

/// <summary>Why a worker's container ended: its own last words if it left any, else what the kubelet and the exit code tell.</summary>
internal static class Termination
{
    private const int KilledBySigkill = 137;

    // What the worker's exit codes mean when it could leave no words; a code that stands for several reasons is not guessed at.
    private static readonly Dictionary<int, string> ReasonOfExitCode = new()
    {
        [64] = Reasons.InvalidConfiguration,
        [66] = Reasons.SourceNotFound,
        [70] = Reasons.EngineFailed,
    };

    /// <summary>The trouble that an end means; null when the worker ended in good order.</summary>
    public static Trouble? TroubleOf(string pod, V1ContainerStateTerminated ended)
    {
        var subject = $"Pod {pod}";
        var code = ended.ExitCode.ToString(CultureInfo.InvariantCulture);
        if (string.Equals(ended.Reason, "OOMKilled", StringComparison.Ordinal))
        {
            return ReasonTraits.Describe(Reasons.OutOfMemory, subject, $"the worker was killed because it used more than its memory limit (OOMKilled, exit code {code})");
        }

        if (IsInitKilled(ended.Message))
        {
            return ReasonTraits.Describe(Reasons.OutOfMemory, subject, $"the worker could not even be started within its memory limit: {ended.Message}");
        }

        if (LastWords(ended.Message) is { Reason: { } reason } words && Reasons.All.Contains(reason))
        {
            return ReasonTraits.Describe(reason, subject, $"{words.Message ?? "the worker ended"} (exit code {code})");
        }

        if (ended.Reason is "ContainerCannotRun" or "StartError")
        {
            return ReasonTraits.Describe(Reasons.ContainerConfigInvalid, subject, $"the worker could not be started: {ended.Message ?? ended.Reason}");
        }

        return ended.ExitCode switch
        {
            0 => null,
            KilledBySigkill => ReasonTraits.Describe(
                Reasons.CrashLoop, subject, $"the worker was killed (exit code {code}): its liveness probe failed, or the node ran out of memory"),
            var known when ReasonOfExitCode.TryGetValue(known, out var meant) => ReasonTraits.Describe(meant, subject, $"the worker ended with exit code {code}{Said(ended)}"),
            _ => ReasonTraits.Describe(Reasons.CrashLoop, subject, $"the worker ended with exit code {code}{Said(ended)}"),
        };
    }

    /// <summary>Whether the container runtime tells that the memory limit is too low for a process at all.</summary>
    public static bool IsInitKilled(string? message) => message?.Contains("OOM-killed", StringComparison.OrdinalIgnoreCase) == true;

    private static string Said(V1ContainerStateTerminated ended) => string.IsNullOrWhiteSpace(ended.Message) ? "" : $" and said: {ended.Message.Trim()}";

    /// <summary>What a worker left behind; null when that is something else.</summary>
    public static WorkerLastWords? LastWords(string? message)
    {
        if (message is null || !message.AsSpan().TrimStart().StartsWith("{"))
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(message, WorkerJson.Default.WorkerLastWords);
        }
        catch (JsonException)
        {
            // Any text may stand there, such as a runtime's own.
            return null;
        }
    }
}
