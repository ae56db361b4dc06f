using FleetOps.Api;
using k8s.Models;

namespace FleetOps.Operator.ModelDeployments.Status;

/// <summary>What only the Deployment knows: pods that could not even be created, and a rollout that takes too long.</summary>
internal static class DeploymentDiagnosis
{
    /// <summary>Why pods cannot be created; null when they can.</summary>
    public static Trouble? CreationTrouble(V1Deployment? deployment)
    {
        if (Find(deployment, "ReplicaFailure") is not { Status: "True", Message: { } message })
        {
            return null;
        }

        var reason = message.Contains("exceeded quota", StringComparison.Ordinal) || message.Contains("failed quota", StringComparison.Ordinal) ? Reasons.QuotaExceeded
            : message.Contains("RuntimeClass", StringComparison.OrdinalIgnoreCase) && message.Contains("not found", StringComparison.Ordinal) ? Reasons.RuntimeClassNotFound
            : Reasons.PodRefused;
        return ReasonTraits.Describe(reason, $"Deployment {deployment!.Metadata.Name}", $"the API server refuses its pods: {message}");
    }

    /// <summary>Why the rollout counts as failed; null when it does not.</summary>
    public static Trouble? ProgressTrouble(V1Deployment? deployment) =>
        Find(deployment, "Progressing") is { Status: "False", Reason: "ProgressDeadlineExceeded" }
            ? ReasonTraits.Describe(
                Reasons.ProgressDeadlineExceeded,
                $"Deployment {deployment!.Metadata.Name}",
                $"its workers were not ready within {deployment.Spec.ProgressDeadlineSeconds ?? 600} seconds")
            : null;

    private static V1DeploymentCondition? Find(V1Deployment? deployment, string type)
    {
        foreach (var condition in deployment?.Status?.Conditions ?? [])
        {
            if (condition.Type == type)
            {
                return condition;
            }
        }

        return null;
    }
}
