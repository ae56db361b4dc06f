using System.Text.Json;
using FleetOps.Api;
using FleetOps.ControllerRuntime;
using FleetOps.Operator.ModelDeployments.Observe;

namespace FleetOps.Operator.ModelDeployments.Status;

/// <summary>What only the Deployment knows: pods that could not even be created, and a rollout that takes too long.</summary>
internal static class DeploymentDiagnosis
{
    /// <summary>Why pods cannot be created; null when they can.</summary>
    public static Trouble? CreationTrouble(ObservedObject? deployment)
    {
        if (Find(deployment, "ReplicaFailure") is not { Status: "True", Message: { } message })
        {
            return null;
        }

        var reason = message.Contains("exceeded quota", StringComparison.Ordinal) || message.Contains("failed quota", StringComparison.Ordinal) || message.Contains("status unknown for quota", StringComparison.Ordinal) ? Reasons.QuotaExceeded
            : message.Contains("RuntimeClass", StringComparison.OrdinalIgnoreCase) && message.Contains("not found", StringComparison.Ordinal) ? Reasons.RuntimeClassNotFound
            : Reasons.PodRefused;
        return ReasonTraits.Describe(reason, $"Deployment {deployment!.Metadata.Name}", $"the API server refuses its pods: {message}");
    }

    /// <summary>Why the rollout counts as failed; null when it does not.</summary>
    public static Trouble? ProgressTrouble(ObservedObject? deployment, RolloutSpec rollout) =>
        Find(deployment, "Progressing") is { Status: "False", Reason: "ProgressDeadlineExceeded" }
            ? ReasonTraits.Describe(
                Reasons.ProgressDeadlineExceeded,
                $"Deployment {deployment!.Metadata.Name}",
                $"its workers were not ready within {rollout.ProgressDeadlineSeconds} seconds")
            : null;

    private static DeploymentCondition? Find(ObservedObject? deployment, string type)
    {
        if (deployment is null || deployment.Status.IsEmpty)
        {
            return null;
        }

        var status = JsonSerializer.Deserialize(deployment.Status.Span, WorkerJson.Default.DeploymentStatus);
        return status?.Conditions?.FirstOrDefault(condition => condition.Type == type);
    }
}
