using FleetOps.Api;
using FleetOps.ControllerRuntime.Events;
using FleetOps.Operator.ModelDeployments.Act;

namespace FleetOps.Operator.ModelDeployments.Status;

/// <summary>Tells people in events what status shows only until it changes again. Thread-safe.</summary>
internal sealed class StatusEvents(EventRecorder recorder)
{
    /// <summary>Tells that the model became ready, took a step towards it, or got into trouble.</summary>
    /// <param name="model">With the status as it was before.</param>
    /// <param name="status">As it has been written.</param>
    public void PublishStatus(ModelDeployment model, ModelDeploymentStatus status)
    {
        var before = Ready(model.Status);
        if (Ready(status) is { } now && (before is null || before.Reason != now.Reason || before.Status != now.Status))
        {
            var isTrouble = now.Status != "True" && ReasonTraits.IsTrouble(now.Reason);
            recorder.Publish(model, isTrouble ? EventType.Warning : EventType.Normal, now.Reason, now.Message);
        }

        // Once for each file, not for each worker or operator: status keeps what was told.
        if (status.Model is { Sha256: { } digest } served && (model.Status?.Model?.Sha256 != digest || model.Status.Model.Revision != served.Revision))
        {
            recorder.Publish(model, EventType.Normal, Conditions.NamesDigest(model.Spec.Model, served) ? Reasons.WeightsVerified : Reasons.DigestNotCompared, Provenance.Of(model.Spec.Model, served));
        }

        if (Of(status, ConditionTypes.Accepted) is { Reason: Reasons.ApiUnavailable } lack && Of(model.Status, ConditionTypes.Accepted)?.Reason != Reasons.ApiUnavailable)
        {
            recorder.Publish(model, EventType.Warning, lack.Reason, lack.Message);
        }
    }

    /// <summary>Tells which children had been changed by someone else.</summary>
    /// <param name="model">With the status as it was before.</param>
    /// <param name="report">What was written.</param>
    public void PublishRestored(ModelDeployment model, WriteReport report)
    {
        foreach (var child in report.Written.Where(child => WasRestored(child, model)))
        {
            var cause = child.Existed ? $"had been changed by someone else ({child.FirstDifference})" : "had been deleted by someone else";
            recorder.Publish(model, EventType.Normal, Reasons.ChildRestored, $"{child.Kind} {child.Name} {cause} and has been put back. Change the ModelDeployment instead.");
        }
    }

    // While the spec is the one that was carried out last, only someone else can have made a difference.
    private static bool WasRestored(WrittenChild child, ModelDeployment model) =>
        model.Status?.ObservedGeneration == model.Metadata.Generation
        && Ready(model.Status) is { } ready
        && !ReasonTraits.WithholdsChildren(ready.Reason)
        && (!child.Existed || child.FirstDifference is not null);

    private static Condition? Ready(ModelDeploymentStatus? status) => Of(status, ConditionTypes.Ready);

    private static Condition? Of(ModelDeploymentStatus? status, string type) => status?.Conditions?.FirstOrDefault(c => c.Type == type);
}
