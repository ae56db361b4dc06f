using FleetOps.Api;

namespace FleetOps.Operator.ModelDeployments.Metrics;

/// <summary>
/// The gauges of a ModelDeployment, as its spec and its status say them. Each sample also carries the labels <see cref="Namespace"/> and
/// <see cref="Model"/>. A model has as many series as it has conditions, and a dozen more.
/// </summary>
internal static class ModelFamilies
{
    /// <summary>Label: the namespace of the ModelDeployment.</summary>
    public const string Namespace = "namespace";

    /// <summary>Label: the name of the ModelDeployment.</summary>
    public const string Model = "model";

    private const string Prefix = "fleetops_modeldeployment_";

    /// <summary>All of them, by name.</summary>
    public static IReadOnlyList<ModelFamily> All { get; } =
    [
        new(Prefix + "condition", "1 for each condition as it is now.", TellConditions, ConditionTypes.All.Count),
        new(Prefix + "fetched_bytes", "Bytes that have arrived at the worker that is furthest behind, while one fetches.", static (model, _, target) => Tell(target, FurthestBehind(model)?.FetchedBytes)),
        new(Prefix + "gpus", "GPUs that all wanted workers take together.", static (model, _, target) => target.Add((double)model.Spec.Replicas * model.Spec.Resources.Gpus)),
        new(Prefix + "info", "1, labelled with what is served.", static (model, _, target) => target.Add(
            1, new("architecture", model.Status?.Model?.Architecture ?? ""), new("quantization", model.Status?.Model?.Quantization ?? ""))),
        new(Prefix + "phase", "1 for the phase as it is now.", static (model, _, target) => target.Add(1, new KeyValuePair<string, string>("phase", model.Status?.Phase ?? Phases.Pending))),
        new(Prefix + "ready_replicas", "Workers that serve.", static (model, _, target) => target.Add(model.Status?.ReadyReplicas ?? 0)),
        new(Prefix + "replicas", "Workers that are wanted.", static (model, _, target) => target.Add(model.Spec.Replicas)),
        new(Prefix + "startup_seconds", "Seconds that the worker which started last spent in each phase of its start.", TellStartup, ModelStartups.Phases.Count),
        new(Prefix + "total_bytes", "Bytes that the worker that is furthest behind has to fetch in all, while one fetches.", static (model, _, target) => Tell(target, FurthestBehind(model)?.TotalBytes)),
        new(Prefix + "updated_replicas", "Workers that run the spec as it is now.", static (model, _, target) => target.Add(model.Status?.UpdatedReplicas ?? 0)),
    ];

    private static void TellConditions(ModelDeployment model, StartupTimes? startup, ISampleTarget target)
    {
        foreach (var condition in model.Status?.Conditions ?? [])
        {
            target.Add(1, new("type", condition.Type), new("status", condition.Status), new("reason", condition.Reason));
        }
    }

    private static void TellStartup(ModelDeployment model, StartupTimes? startup, ISampleTarget target)
    {
        foreach (var (phase, seconds) in startup?.Phases ?? [])
        {
            target.Add(seconds, new KeyValuePair<string, string>("phase", phase));
        }
    }

    private static void Tell(ISampleTarget target, long? value)
    {
        if (value is { } bytes)
        {
            target.Add(bytes);
        }
    }

    private static WorkerStatus? FurthestBehind(ModelDeployment model)
    {
        WorkerStatus? last = null;
        foreach (var worker in model.Status?.Workers ?? [])
        {
            if (worker is { Phase: WorkerPhases.Fetching, FetchedBytes: not null } && (last is null || Share(worker) < Share(last)))
            {
                last = worker;
            }
        }

        return last;
    }

    private static double Share(WorkerStatus worker) => worker.TotalBytes is { } total and > 0 ? (double)worker.FetchedBytes!.Value / total : 0;
}
