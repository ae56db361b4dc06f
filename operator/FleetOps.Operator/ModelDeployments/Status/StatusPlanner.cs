using System.Globalization;
using FleetOps.Api;
using FleetOps.Operator.ModelDeployments.Observe;
using FleetOps.Operator.ModelDeployments.Plan;

namespace FleetOps.Operator.ModelDeployments.Status;

/// <summary>
/// From what is observed to what status should say. A pure function without a clock: <see cref="ConditionTimes"/> adds the times of transition.
/// </summary>
internal static class StatusPlanner
{
    private const int MostWorkers = 20;

    /// <param name="observed">What is.</param>
    /// <param name="plan">What was planned for it.</param>
    /// <param name="refusal">What the API server refused when the plan was carried out; null when nothing was.</param>
    public static ModelDeploymentStatus Plan(Observation observed, ModelDeploymentPlan plan, Obstacle? refusal = null)
    {
        var model = observed.Model;
        var names = ChildNames.For(model.Metadata.Name);
        var fleet = new Fleet(observed, plan);
        var memory = MemorySummary.Of(observed, plan.TemplateHash);
        var verdict = Verdict.Of(observed, plan.Obstacle ?? refusal, fleet, memory);
        var wanted = model.Spec.Replicas;
        var served = Served(observed, plan) ?? model.Status?.Model;
        return new()
        {
            ObservedGeneration = model.Metadata.Generation,
            Phase = verdict.Phase,
            Replicas = fleet.Present,
            ReadyReplicas = fleet.Ready,
            UpdatedReplicas = fleet.Updated,
            Ready = string.Create(CultureInfo.InvariantCulture, $"{Math.Min(fleet.Ready, wanted)}/{wanted}"),
            Selector = names.Selector,
            Endpoint = string.Create(CultureInfo.InvariantCulture, $"{names.Service}.{model.Metadata.NamespaceProperty}.svc:{model.Spec.Service.Port}"),
            Model = served,
            Cache = plan.TemplateHash is null ? model.Status?.Cache : plan.Cache,
            Progress = Progress(fleet),
            Memory = memory,
            Workers = fleet.Workers.Count == 0 ? null : [.. fleet.Workers.Take(MostWorkers).Select(w => w.ToStatus())],
            Conditions = Conditions.Of(observed, plan.Obstacle ?? refusal, fleet, verdict, names, plan.Cache, served),
        };
    }

    private static string? Progress(Fleet fleet) =>
        fleet.Workers.Where(worker => worker is { Phase: WorkerPhases.Fetching, FetchedBytes: not null, TotalBytes: > 0 }).MinBy(worker => (double)worker.FetchedBytes!.Value / worker.TotalBytes!.Value) is { } last
            ? Rounded.Percent(last.FetchedBytes, last.TotalBytes)
            : null;

    // A worker of the present spec knows best; until one has told, what is known stays.
    private static ServedModel? Served(Observation observed, ModelDeploymentPlan plan)
    {
        WorkerModel? best = null;
        foreach (var worker in observed.Workers)
        {
            if (worker.State?.Model is { } told)
            {
                best ??= told;
                if (worker.Pod.Metadata.Annotations?.TryGetValue(Labels.TemplateHash, out var hash) == true && hash == plan.TemplateHash)
                {
                    best = told;
                    break;
                }
            }
        }

        return best is null ? null : ModelSummary.Of(best);
    }
}
