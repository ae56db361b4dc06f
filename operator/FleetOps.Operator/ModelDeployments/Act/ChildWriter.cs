using System.Text.Json;
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
internal sealed class ChildWriter(KubeApi api, Applier applier)
{
    /// <summary>Writes what differs.</summary>
    /// <returns>What was written, and what the API server refused.</returns>
    public async Task<WriteReport> WriteAsync(Observation observed, ModelDeploymentPlan plan, CancellationToken cancel)
    {
        var report = new WriteReport();
        await WriteAsync(BuiltInTypes.ServiceAccounts, plan.ServiceAccount, observed.ServiceAccount, report, cancel);
        await WriteServiceAsync(plan.Service, observed.Service, report, cancel);
        await WriteServiceAsync(plan.HeadlessService, observed.HeadlessService, report, cancel);
        await WriteAsync(BuiltInTypes.Deployments, plan.Deployment, observed.Deployment, report, cancel);
        return report;
    }

    // Server-side apply adds our port beside one that someone else renumbered, and two ports of one name are refused. So the list is
    // replaced as a whole where it holds a port that is not ours.
    private async Task WriteServiceAsync(V1Service? desired, V1Service? existing, WriteReport report, CancellationToken cancel)
    {
        if (desired is not null && existing is not null && (existing.Spec?.Ports ?? []).Any(port => !desired.Spec.Ports.Any(ours => ours.Port == port.Port && ours.Name == port.Name)))
        {
            var patch = JsonSerializer.SerializeToUtf8Bytes(new V1Service { Spec = new() { Ports = desired.Spec.Ports } }, BuiltInTypes.Services.Json);
            existing = await api.MergePatchAsync(BuiltInTypes.Services, ObjectKey.Of(desired), patch, subresource: null, cancel);
            report.Written.Add(new(BuiltInTypes.Services.Kind, desired.Metadata.Name, Existed: true, "$.spec.ports"));
        }

        await WriteAsync(BuiltInTypes.Services, desired, existing, report, cancel);
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
