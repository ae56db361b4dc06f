using FleetOps.Api;
using k8s.Models;

namespace FleetOps.Operator.ModelDeployments.Plan;

/// <summary>The Deployment of the workers.</summary>
internal static class WorkerDeployment
{
    private const int RevisionHistoryLimit = 2;

    public static V1Deployment For(ModelDeployment model, ChildNames names, ChildMetadata metadata, WorkerSettings settings)
    {
        var rollout = model.Spec.Rollout;
        return new()
        {
            ApiVersion = "apps/v1",
            Kind = "Deployment",
            Metadata = metadata.For(names.Deployment),
            Spec = new()
            {
                Replicas = model.Spec.Replicas,
                Selector = new() { MatchLabels = metadata.SelectorLabels },
                Strategy = new()
                {
                    Type = "RollingUpdate",
                    RollingUpdate = new() { MaxSurge = CountOrPercentage.Parse(rollout.MaxSurge), MaxUnavailable = CountOrPercentage.Parse(rollout.MaxUnavailable) },
                },
                ProgressDeadlineSeconds = rollout.ProgressDeadlineSeconds,
                RevisionHistoryLimit = RevisionHistoryLimit,
                Template = WorkerPodTemplate.For(model, names, metadata, settings),
            },
        };
    }
}
