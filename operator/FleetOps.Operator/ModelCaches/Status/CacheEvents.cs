using FleetOps.Api;
using FleetOps.ControllerRuntime.Events;
using FleetOps.Operator.ModelCaches.Plan;
using FleetOps.Operator.ModelDeployments.Status;

namespace FleetOps.Operator.ModelCaches.Status;

/// <summary>Tells people in events what status shows only until it changes again, or never. Thread-safe.</summary>
internal sealed class CacheEvents(EventRecorder recorder)
{
    /// <summary>Tells that the weights are there, took a step towards it, or got into trouble.</summary>
    /// <param name="cache">With the status as it was before.</param>
    /// <param name="status">As it has been written.</param>
    public void PublishStatus(ModelCache cache, ModelCacheStatus status)
    {
        var before = Ready(cache.Status);
        if (Ready(status) is { } now && (before is null || before.Reason != now.Reason || before.Status != now.Status))
        {
            var isTrouble = now.Status != "True" && (ReasonTraits.IsTrouble(now.Reason) || now.Reason == Reasons.NoMatchingNode);
            recorder.Publish(cache, isTrouble ? EventType.Warning : EventType.Normal, now.Reason, Message(now, status));
        }
    }

    /// <summary>Tells what became of the files of a ModelCache that is gone.</summary>
    public void PublishFarewell(ModelCache cache, Farewell farewell) =>
        recorder.Publish(cache, farewell.IsTrouble ? EventType.Warning : EventType.Normal, farewell.Reason, farewell.Message);

    private static string Message(Condition ready, ModelCacheStatus status) => ready.Status == "True"
        ? $"{ready.Message} Found: {Provenance.Found(status.Revision, status.Sha256, status.SizeBytes, status.License)}"
        : ready.Message;

    private static Condition? Ready(ModelCacheStatus? status) => status?.Conditions?.FirstOrDefault(c => c.Type == ConditionTypes.Ready);
}
