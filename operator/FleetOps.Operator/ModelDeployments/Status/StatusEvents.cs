using FleetOps.Api;
using FleetOps.ControllerRuntime.Events;
using FleetOps.Operator.ModelDeployments.Act;

namespace FleetOps.Operator.ModelDeployments.Status;

/// <summary>Tells people in events what status shows only until it changes again. Thread-safe.</summary>
internal sealed class StatusEvents(EventRecorder recorder)
{
    /// <param name="model">With the status as it was before.</param>
    /// <param name="status">As it is now.</param>
    /// <param name="report">What was written in between.</param>
    public void Publish(ModelDeployment model, ModelDeploymentStatus status, WriteReport report)
    {
        var before = Ready(model.Status);
        if (Ready(status) is { } now && (before is null || before.Reason != now.Reason || before.Status != now.Status))
        {
            var isTrouble = now.Status != "True" && ReasonTraits.IsTrouble(now.Reason);
            recorder.Publish(model, isTrouble ? EventType.Warning : EventType.Normal, now.Reason, now.Message);
        }

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

    private static Condition? Ready(ModelDeploymentStatus? status) => status?.Conditions?.FirstOrDefault(c => c.Type == ConditionTypes.Ready);
}
