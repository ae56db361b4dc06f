using FleetOps.Api;
using FleetOps.Operator.ModelDeployments.Observe;
using FleetOps.Operator.ModelDeployments.Plan;

namespace FleetOps.Operator.ModelDeployments.Status;

/// <summary>The six conditions, in a fixed order and without times.</summary>
internal static class Conditions
{
    private const string MissingBudget =
        "The spec is valid. PodDisruptionBudget: this cluster does not serve policy/v1, so there is none, and a node's drain may end all workers at once. "
        + "Use Kubernetes 1.21 or newer for it; nothing else is affected.";

    public static IReadOnlyList<Condition> Of(Observation observed, Obstacle? obstacle, Fleet fleet, Verdict verdict, ChildNames names, UsedCache? cache, ServedModel? served)
    {
        var generation = observed.Model.Metadata.Generation;
        return
        [
            Accepted(observed, obstacle),
            WeightsReady(observed, fleet, verdict, cache, served),
            Available(observed, fleet, verdict, names),
            Make(ConditionTypes.Ready, verdict.IsReady, verdict.Reason, verdict.Message, generation),
            verdict.IsReconciling
                ? Make(ConditionTypes.Reconciling, true, verdict.IsReady ? Reasons.ScalingDown : verdict.Reason, verdict.IsReady ? "Workers that are no longer wanted finish their calls and end." : verdict.Message, generation)
                : Make(ConditionTypes.Reconciling, false, verdict.IsStalled ? verdict.Reason : Reasons.UpToDate, verdict.IsStalled ? "Nothing goes on until someone changes something; see the condition Stalled." : "Nothing is left to do.", generation),
            verdict.IsStalled
                ? Make(ConditionTypes.Stalled, true, verdict.Reason, verdict.Message, generation)
                : Make(ConditionTypes.Stalled, false, Reasons.NothingStalled, "Nothing waits for someone to change something.", generation),
        ];
    }

    private static Condition Accepted(Observation observed, Obstacle? obstacle)
    {
        var generation = observed.Model.Metadata.Generation;
        if (obstacle is { RejectsSpec: true })
        {
            return Make(ConditionTypes.Accepted, false, obstacle.Reason, obstacle.Message, generation);
        }

        var lacksBudget = !observed.ServesPodDisruptionBudgets && (observed.Model.Spec.Disruption is not null || observed.Model.Spec.Replicas > 1);
        return lacksBudget
            ? Make(ConditionTypes.Accepted, true, Reasons.ApiUnavailable, MissingBudget, generation)
            : Make(ConditionTypes.Accepted, true, Reasons.Accepted, "The spec is valid.", generation);
    }

    private static Condition WeightsReady(Observation observed, Fleet fleet, Verdict verdict, UsedCache? cache, ServedModel? served)
    {
        var generation = observed.Model.Metadata.Generation;
        var source = observed.Model.Spec.Model.Source;
        var furthest = fleet.Workers.Where(w => w.IsCurrent).Select(w => w.IsReady ? Fleet.Progress(WorkerPhases.Serving) : Fleet.Progress(w.Phase)).DefaultIfEmpty(0).Max();
        var open = verdict.IsTrouble ? ReasonTraits.WeightsAreOpen(verdict.Reason) : null;
        if (furthest >= Fleet.Progress(WorkerPhases.Loading) || open == false)
        {
            var from = cache is not null ? $" They come from ModelCache {cache.Name} ({(cache.ClaimName is { } claim ? $"claim {claim}" : $"directory {cache.Path}")})." : "";
            return NamesDigest(observed.Model.Spec.Model, served)
                ? Make(ConditionTypes.WeightsReady, true, Reasons.WeightsVerified, $"The weights from {source} have been verified.{from}", generation)
                : Make(ConditionTypes.WeightsReady, true, Reasons.DigestNotCompared, $"The weights from {source} are there, and their header has been checked. Their digest (status.model.sha256) is computed and compared with nothing, because neither the spec nor the source names one; set spec.model.sha256 to have it enforced.{from}", generation);
        }

        if (open == true)
        {
            return Make(ConditionTypes.WeightsReady, false, verdict.Reason, verdict.Message, generation);
        }

        return furthest switch
        {
            var p when p == Fleet.Progress(WorkerPhases.Fetching) => Make(ConditionTypes.WeightsReady, false, Reasons.FetchingWeights, $"Workers fetch the weights from {source}; status.workers tells how far.", generation),
            var p when p == Fleet.Progress(WorkerPhases.Verifying) => Make(ConditionTypes.WeightsReady, false, Reasons.VerifyingWeights, $"Workers verify the weights from {source}.", generation),
            _ => Make(ConditionTypes.WeightsReady, null, Reasons.NoWorkerYet, "No worker of the present spec has told about the weights yet.", generation),
        };
    }

    /// <summary>Whether the spec or the source named the digest of the weights; while no worker has told, whether such a source may.</summary>
    public static bool NamesDigest(ModelReference model, ServedModel? served) =>
        model.Sha256 is not null || (served?.DigestOrigin is { } origin ? origin is "Request" or "Source" : PolicyRules.PublishesDigest(model.Source));

    private static Condition Available(Observation observed, Fleet fleet, Verdict verdict, ChildNames names)
    {
        var generation = observed.Model.Metadata.Generation;
        var needed = RolloutRoom.MinAvailable(observed.Model.Spec);
        var serve = fleet.Ready == 1 ? "1 worker serves" : $"{fleet.Ready} workers serve";
        if (fleet.Ready >= needed)
        {
            return Make(ConditionTypes.Available, true, Reasons.WorkersServing, $"{serve} at {names.Service}.{observed.Model.Metadata.NamespaceProperty}.svc:{WorkerContract.GrpcPort}.", generation);
        }

        return Make(ConditionTypes.Available, false, verdict.Reason, fleet.Ready == 0 ? verdict.Message : $"{serve}, at least {needed} must (spec.disruption.minAvailable). {verdict.Message}", generation);
    }

    public static Condition Make(string type, bool? status, string reason, string message, long? generation) => new()
    {
        Type = type,
        Status = status switch { true => "True", false => "False", null => "Unknown" },
        Reason = reason,
        Message = message,
        ObservedGeneration = generation,
    };
}
