using FleetOps.Api;
using FleetOps.Operator.ModelDeployments.Observe;
using FleetOps.Operator.ModelDeployments.Plan;

namespace FleetOps.Operator.ModelDeployments.Status;

/// <summary>The whole state in one place, from which the phase and all conditions follow, so that they never disagree.</summary>
internal sealed record Verdict
{
    /// <summary>In one word.</summary>
    public required string Phase { get; init; }

    /// <summary>Whether all wanted workers of the present spec serve.</summary>
    public bool IsReady { get; init; }

    /// <summary>Whether something is still going on.</summary>
    public bool IsReconciling { get; init; }

    /// <summary>Whether nothing goes on until someone changes something.</summary>
    public bool IsStalled { get; init; }

    /// <summary>Why it is ready or not.</summary>
    public required string Reason { get; init; }

    /// <summary>Why, for people.</summary>
    public required string Message { get; init; }

    /// <summary>Whether the reason is a trouble rather than a step on the way.</summary>
    public bool IsTrouble { get; init; }

    public static Verdict Of(Observation observed, Obstacle? obstacle, Fleet fleet, ModelMemory? memory)
    {
        var model = observed.Model;
        var wanted = model.Spec.Replicas;
        if (model.Metadata.DeletionTimestamp is not null)
        {
            return Step(Phases.Terminating, Reasons.Deleting, "The resource is being deleted; Kubernetes removes its children, and workers finish their calls first.");
        }

        if (TroubleOf(observed, obstacle, fleet, memory) is { } trouble)
        {
            return new()
            {
                Phase = fleet.Ready > 0 ? Phases.Degraded : trouble.NeedsChange ? Phases.Failed : Progressed(fleet),
                IsStalled = trouble.NeedsChange,
                IsReconciling = !trouble.NeedsChange,
                IsTrouble = true,
                Reason = trouble.Reason,
                Message = trouble.Message,
            };
        }

        if (obstacle is not null)
        {
            return Step(fleet.Ready > 0 ? Phases.Updating : Phases.Pending, obstacle.Reason, obstacle.Message);
        }

        if (fleet.ReadyAndUpdated >= wanted)
        {
            return Complete(wanted, fleet);
        }

        var counts = $"{fleet.ReadyAndUpdated} of {wanted} wanted workers of the present spec serve";
        if (fleet.Outdated > 0 && fleet.Trouble is { IsShortage: true } waiting)
        {
            return Step(Phases.Updating, Reasons.RollingOut, $"{counts}; workers are replaced one by one: {waiting.Subject} takes the place of an earlier worker as soon as that has drained.");
        }

        if (fleet.Outdated > 0)
        {
            return Step(Phases.Updating, Reasons.RollingOut, $"{counts}; workers of an earlier spec are replaced one after another and serve until then.");
        }

        var (reason, doing) = fleet.FurthestPhase switch
        {
            WorkerPhases.Fetching => (Reasons.FetchingWeights, "fetch the weights; status.workers tells how far"),
            WorkerPhases.Verifying => (Reasons.VerifyingWeights, "verify the weights"),
            WorkerPhases.Loading or WorkerPhases.Warming or WorkerPhases.Serving => (Reasons.LoadingModel, "load the model"),
            _ => (Reasons.WorkersStarting, "are created and started"),
        };
        return Step(fleet.Ready > 0 ? Phases.Updating : Progressed(fleet), reason, $"{counts}; the others {doing}.");
    }

    private static Verdict Complete(int wanted, Fleet fleet)
    {
        var surplus = fleet.Present - wanted;
        var (reason, message) = wanted == 0
            ? (Reasons.ScaledToZero, "No worker is wanted (spec.replicas is 0).")
            : (Reasons.AllWorkersReady, wanted == 1 ? "The wanted worker serves." : $"All {wanted} wanted workers serve.");
        return new()
        {
            Phase = surplus > 0 && fleet.Outdated > 0 ? Phases.Updating : Phases.Ready,
            IsReady = true,
            IsReconciling = surplus > 0,
            Reason = reason,
            Message = message,
        };
    }

    // What is wrong with a worker of the present spec matters most; what the Deployment says comes after what its pods say.
    private static Trouble? TroubleOf(Observation observed, Obstacle? obstacle, Fleet fleet, ModelMemory? memory)
    {
        if (obstacle is not null && ReasonTraits.NeedsChange(obstacle.Reason))
        {
            // Without its Secret nothing new starts, but that is no trouble while everything wanted serves.
            return obstacle.RejectsSpec || fleet.ReadyAndUpdated < observed.Model.Spec.Replicas ? new(obstacle.Reason, obstacle.Message) : null;
        }

        if (fleet.ReadyAndUpdated >= observed.Model.Spec.Replicas)
        {
            return null;
        }

        // A GPU that is too small need not be waited for. A worker that loads has found its own large enough.
        if (fleet.Trouble is null or { IsShortage: true }
            && Fleet.Progress(fleet.FurthestPhase ?? "") < Fleet.Progress(WorkerPhases.Loading)
            // Such a worker tries it all the same.
            && observed.Model.Spec.Engine.FitCheck != FitCheck.Warn
            && MemorySummary.GpuTroubleOf(memory, observed.Gpus, observed.Model.Spec.Resources) is { } tooSmall)
        {
            return tooSmall;
        }

        var own = fleet.Trouble is { IsShortage: true } shortage && fleet.Outdated + fleet.Ending > 0
            ? DuringRollout(observed.Model.Spec, fleet, shortage)
            : fleet.Trouble;
        return own ?? DeploymentDiagnosis.CreationTrouble(observed.Deployment) ?? DeploymentDiagnosis.ProgressTrouble(observed.Deployment, observed.Model.Spec.Rollout);
    }

    // What a new worker waits for may be held by an earlier one. That is no trouble while an earlier one is on its way out, or may go.
    private static Trouble? DuringRollout(ModelDeploymentSpec spec, Fleet fleet, Trouble shortage)
    {
        var maxUnavailable = RolloutRoom.MaxUnavailable(spec);
        if (fleet.Ending > 0 || (maxUnavailable > 0 && fleet.Ready > spec.Replicas - maxUnavailable))
        {
            return null;
        }

        return maxUnavailable > 0
            ? shortage
            : ReasonTraits.Describe(
                Reasons.RolloutBlocked,
                shortage.Subject,
                $"it is to replace an earlier worker and finds no place beside it ({shortage.Cause}); earlier workers go on and serve");
    }

    private static string Progressed(Fleet fleet) => fleet.FurthestPhase switch
    {
        WorkerPhases.Fetching or WorkerPhases.Verifying => Phases.Fetching,
        WorkerPhases.Loading or WorkerPhases.Warming or WorkerPhases.Serving => Phases.Loading,
        _ => Phases.Pending,
    };

    private static Verdict Step(string phase, string reason, string message) =>
        new() { Phase = phase, IsReconciling = true, Reason = reason, Message = message };
}
