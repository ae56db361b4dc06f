using FleetOps.Api;
using FleetOps.ControllerRuntime;
using FleetOps.ControllerRuntime.Apply;
using FleetOps.Operator.ModelDeployments.Observe;
using FleetOps.Operator.ModelDeployments.Plan;
using FleetOps.Operator.ModelDeployments.Status;
using k8s;
using k8s.Models;

namespace FleetOps.Operator.ModelDeployments.Act;

/// <summary>Makes the children be as planned, and sends nothing for a child that is. Thread-safe.</summary>
internal sealed class ChildWriter(Applier applier)
{
    /// <summary>Writes what differs.</summary>
    /// <returns>What was written, and what the API server refused.</returns>
    public async Task<WriteReport> WriteAsync(Observation observed, ModelDeploymentPlan plan, CancellationToken cancel)
    {
        var report = new WriteReport();
        await WriteAsync(BuiltInTypes.ServiceAccounts, plan.ServiceAccount, observed.ServiceAccount, report, cancel);
        await WriteAsync(BuiltInTypes.Services, plan.Service, observed.Service, report, cancel);
        await WriteAsync(BuiltInTypes.Services, plan.HeadlessService, observed.HeadlessService, report, cancel);
        await WriteAsync(BuiltInTypes.Deployments, plan.Deployment, observed.Deployment, report, cancel);
        return report;
    }

    private async Task WriteAsync<T>(ResourceType<T> type, T? desired, T? existing, WriteReport report, CancellationToken cancel)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        if (desired is null)
        {
            return;
        }

        try
        {
            var result = await applier.ApplyAsync(type, desired, existing, cancel);
            if (result.Written)
            {
                report.Written.Add(new(type.Kind, desired.Metadata.Name, existing is not null, result.FirstDifference));
            }
        }
        catch (KubeApiException e) when (e.IsForbidden || e.IsInvalid)
        {
            var trouble = ReasonTraits.Describe(Reasons.ChildRefused, $"{type.Kind} {desired.Metadata.Name}", $"the API server refuses it: {e.ServerMessage}");
            report.Refusal ??= new(trouble.Reason, trouble.Message, RejectsSpec: false);
        }
    }
}
