using FleetOps.Api;
using FleetOps.ControllerRuntime;
using FleetOps.ControllerRuntime.Apply;
using FleetOps.ControllerRuntime.Informers;
using FleetOps.Operator.ModelCaches.Plan;
using FleetOps.Operator.ModelDeployments.Act;
using FleetOps.Operator.ModelDeployments.Observe;
using FleetOps.Operator.ModelDeployments.Status;
using k8s.Models;

namespace FleetOps.Operator.ModelCaches.Act;

/// <summary>Creates and deletes Jobs as planned, and keeps their NetworkPolicy. Thread-safe.</summary>
internal sealed class JobWriter(KubeApi api, Applier applier, IStore<V1Job> store, ChildStores children)
{
    /// <summary>Carries a plan out.</summary>
    /// <returns>What was created, and what the API server refused.</returns>
    public async Task<WriteReport> WriteAsync(CachePlan plan, CancellationToken cancel)
    {
        var report = new WriteReport();
        foreach (var job in plan.Delete)
        {
            await DeleteAsync(job, cancel);
        }

        await WritePolicyAsync(plan.NetworkPolicy, report, cancel);
        await Task.WhenAll(plan.Create.Select(job => CreateAsync(job, report, cancel)));
        return report;
    }

    private async Task CreateAsync(V1Job job, WriteReport report, CancellationToken cancel)
    {
        try
        {
            store.Assume(await api.CreateAsync(BuiltInTypes.Jobs, job, cancel));
            report.Wrote(new("Job", job.Metadata.Name, Existed: false, null));
        }
        catch (KubeApiException e) when (e.IsAlreadyExists)
        {
            // Made by the leader before us; the watch will tell of it.
            report.Late();
        }
        catch (KubeApiException e) when (e.IsForbidden || e.IsInvalid)
        {
            Refused(report, $"Job {job.Metadata.Name}", e);
        }
    }

    private async Task WritePolicyAsync(V1NetworkPolicy? policy, WriteReport report, CancellationToken cancel)
    {
        if (policy is null)
        {
            return;
        }

        try
        {
            await applier.ApplyAsync(BuiltInTypes.NetworkPolicies, policy, children.NetworkPolicies, cancel);
        }
        catch (KubeApiException e) when (e.IsAlreadyExists)
        {
            report.Late();
        }
        catch (KubeApiException e) when (e.IsForbidden || e.IsInvalid)
        {
            Refused(report, $"NetworkPolicy {policy.Metadata.Name}", e);
        }
    }

    private static void Refused(WriteReport report, string what, KubeApiException e)
    {
        var trouble = ReasonTraits.Describe(Reasons.ChildRefused, what, $"the API server refuses it: {e.ServerMessage}");
        report.Refused(new(trouble.Reason, trouble.Message, RejectsSpec: false));
    }

    private async Task DeleteAsync(V1Job job, CancellationToken cancel)
    {
        try
        {
            await api.DeleteAsync(BuiltInTypes.Jobs, ObjectKey.Of(job), Preconditions.SameObject(job.Metadata), cancel);
        }
        catch (KubeApiException e) when (e.IsConflict)
        {
            // Another one of that name has taken its place, which wakes us again.
        }
    }
}
