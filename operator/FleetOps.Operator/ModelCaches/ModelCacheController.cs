using FleetOps.Api;
using FleetOps.ControllerRuntime;
using FleetOps.ControllerRuntime.Apply;
using FleetOps.ControllerRuntime.Events;
using FleetOps.ControllerRuntime.Informers;
using FleetOps.ControllerRuntime.Reconciling;
using FleetOps.Operator.ModelCaches.Act;
using FleetOps.Operator.ModelCaches.Observe;
using FleetOps.Operator.ModelCaches.Plan;
using FleetOps.Operator.ModelCaches.Status;
using FleetOps.Operator.ModelDeployments.Plan;
using FleetOps.Operator.ModelDeployments.Status;

namespace FleetOps.Operator.ModelCaches;

/// <summary>Brings the Jobs of one ModelCache to its spec, and its status to what is: observe, plan, act, tell.</summary>
internal sealed partial class ModelCacheController(
    ModelCacheObserver observer,
    JobWriter jobs,
    Applier applier,
    IStore<ModelCache> caches,
    EventRecorder events,
    WorkerSettings settings,
    TimeProvider time,
    ILogger<ModelCacheController> logger) : IEntityController<ModelCache>
{
    public async Task<ReconciliationResult> ReconcileAsync(ModelCache entity, CancellationToken cancellationToken)
    {
        var observed = observer.Observe(entity);
        var plan = CachePlanner.Plan(observed, settings);
        var report = await jobs.WriteAsync(plan, cancellationToken);
        foreach (var job in report.Written)
        {
            LogCreated(logger, entity.Metadata.NamespaceProperty, entity.Metadata.Name, job.Name);
        }

        if (report.IsLate)
        {
            return ReconciliationResult.Failure("a Job exists already that no watch has told of yet");
        }

        var status = ConditionTimes.Stamp(CacheStatusPlanner.Plan(observed, plan, report.Refusal), entity.Status, time.GetUtcNow());
        await WriteStatusAsync(entity, status, cancellationToken);
        PublishStatus(entity, status);
        return report.Refusal is { } refusal ? ReconciliationResult.Failure(refusal.Message) : ReconciliationResult.Success();
    }

    public Task DeletedAsync(ObjectKey key, CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task WriteStatusAsync(ModelCache cache, ModelCacheStatus status, CancellationToken cancel)
    {
        var desired = new ModelCache
        {
            Metadata = new() { Name = cache.Metadata.Name, NamespaceProperty = cache.Metadata.NamespaceProperty, Uid = cache.Metadata.Uid },
            Status = status,
        };
        try
        {
            var result = await applier.ApplyStatusAsync(ModelCacheTypes.ModelCaches, desired, cache, cancel);
            if (result.Written)
            {
                caches.Assume(result.Entity);
            }
        }
        catch (KubeApiException e) when (e.IsNotFound || e.IsConflict)
        {
            // It has been deleted, perhaps made anew, since the store heard of it; the store will hear of that too.
            LogGone(logger, cache.Metadata.NamespaceProperty, cache.Metadata.Name, e.ServerMessage);
        }
    }

    private void PublishStatus(ModelCache cache, ModelCacheStatus status)
    {
        var before = Ready(cache.Status);
        if (Ready(status) is { } now && (before is null || before.Reason != now.Reason || before.Status != now.Status))
        {
            var isTrouble = now.Status != "True" && (ReasonTraits.IsTrouble(now.Reason) || now.Reason == Reasons.NoMatchingNode);
            events.Publish(cache, isTrouble ? EventType.Warning : EventType.Normal, now.Reason, now.Message);
        }
    }

    private static Condition? Ready(ModelCacheStatus? status) => status?.Conditions?.FirstOrDefault(c => c.Type == ConditionTypes.Ready);

    [LoggerMessage(EventId = 111, Level = LogLevel.Information, Message = "{Namespace}/{Name}: created Job {Job}")]
    private static partial void LogCreated(ILogger logger, string @namespace, string name, string job);

    [LoggerMessage(EventId = 112, Level = LogLevel.Debug, Message = "{Namespace}/{Name}: its status was not written because it is gone: {Message}")]
    private static partial void LogGone(ILogger logger, string @namespace, string name, string message);
}
