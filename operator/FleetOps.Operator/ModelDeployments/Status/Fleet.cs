using FleetOps.Api;
using FleetOps.Operator.ModelDeployments.Observe;
using FleetOps.Operator.ModelDeployments.Plan;

namespace FleetOps.Operator.ModelDeployments.Status;

/// <summary>The workers of one ModelDeployment, counted.</summary>
internal sealed class Fleet
{
    public Fleet(Observation observed, ModelDeploymentPlan plan)
    {
        var previous = observed.Model.Status?.Workers ?? [];
        var all = observed.Workers
            .Select(w => PodDiagnosis.View(w, plan.TemplateHash, observed.Model.Spec.Resources, observed.Gpus, previous.FirstOrDefault(p => p.Pod == w.Pod.Metadata.Name)))
            .Where(v => v.Phase != WorkerPhases.Stopped)
            .OrderBy(Rank)
            .ThenBy(v => v.Pod, StringComparer.Ordinal)
            .ToList();
        Ready = all.Count(v => v.IsReady);
        ReadyAndUpdated = all.Count(v => v is { IsReady: true, IsCurrent: true });
        // Kubernetes keeps the pods that it evicted; once others serve in their place, they are history.
        Workers = ReadyAndUpdated >= observed.Model.Spec.Replicas ? [.. all.Where(v => !v.IsOver)] : all;
        Ending = all.Count(v => v.IsEnding);
        Present = all.Count(v => v is { IsEnding: false, IsOver: false });
        Updated = all.Count(v => v is { IsEnding: false, IsOver: false, IsCurrent: true });
        Outdated = Present - Updated;
    }

    /// <summary>Those in trouble first.</summary>
    public IReadOnlyList<WorkerView> Workers { get; }

    /// <summary>Workers that finish their calls.</summary>
    public int Ending { get; }

    /// <summary>Workers that are there to stay.</summary>
    public int Present { get; }

    /// <summary>Workers that serve, of whatever spec.</summary>
    public int Ready { get; }

    /// <summary>Workers of the present spec.</summary>
    public int Updated { get; }

    /// <summary>Workers of the present spec that serve.</summary>
    public int ReadyAndUpdated { get; }

    /// <summary>Workers of an earlier spec that are not ending.</summary>
    public int Outdated { get; }

    /// <summary>The worst trouble of a worker of the present spec, else of any.</summary>
    public Trouble? Trouble =>
        (Workers.FirstOrDefault(v => v is { Trouble: not null, IsCurrent: true }) ?? Workers.FirstOrDefault(v => v.Trouble is not null))?.Trouble;

    /// <summary>The phase of the worker of the present spec that has come furthest and does not serve yet; null when there is none.</summary>
    public string? FurthestPhase =>
        Workers.Where(v => v is { IsCurrent: true, IsReady: false, IsEnding: false }).MaxBy(v => Progress(v.Phase))?.Phase;

    public static int Progress(string phase) => phase switch
    {
        WorkerPhases.Starting => 1,
        WorkerPhases.Fetching => 2,
        WorkerPhases.Verifying => 3,
        WorkerPhases.Loading => 4,
        WorkerPhases.Warming => 5,
        WorkerPhases.Serving => 6,
        _ => 0,
    };

    private static int Rank(WorkerView view) => view switch
    {
        { Trouble.NeedsChange: true } => 0,
        { Trouble: not null } => 1,
        { IsEnding: true } => 20,
        _ => 2 + Progress(view.Phase),
    };
}
