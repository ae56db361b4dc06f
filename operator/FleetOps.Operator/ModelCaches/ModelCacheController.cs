using FleetOps.Api;
using FleetOps.ControllerRuntime;
using FleetOps.ControllerRuntime.Apply;
using FleetOps.ControllerRuntime.Informers;
using FleetOps.ControllerRuntime.Reconciling;
using FleetOps.Operator.ModelCaches.Act;
using FleetOps.Operator.ModelCaches.Observe;
using FleetOps.Operator.ModelCaches.Plan;
using FleetOps.Operator.ModelCaches.Status;
using FleetOps.Operator.ModelDeployments.Act;
using FleetOps.Operator.ModelDeployments.Plan;
using FleetOps.Operator.ModelDeployments.Status;

namespace FleetOps.Operator.ModelCaches;

/// <summary>Brings the Jobs of one ModelCache to its spec, and its status to what is: observe, plan, act, tell.</summary>
internal sealed partial class ModelCacheController(
    ModelCacheObserver observer,
    JobWriter jobs,
    FinalizerWriter finalizers,
    Applier applier,
    IStore<ModelCache> caches,
    CacheEvents events,
    WorkerSettings settings,
    TimeProvider time,
    ILogger<ModelCacheController> logger) : IEntityController<ModelCache>
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);

    // No timer runs for a year; a look now and then costs nothing.
    private static readonly TimeSpan Late = TimeSpan.FromDays(1);

    private readonly StatusWriteLimit _limit = new(time);

    public async Task<ReconciliationResult> ReconcileAsync(ModelCache entity, CancellationToken cancellationToken)
    {
        var observed = observer.Observe(entity);
        var plan = CachePlanner.Plan(observed, settings);
        if (plan.Farewell is { } farewell)
        {
            return await LetGoAsync(entity, farewell, cancellationToken);
        }

        // Before anything is fetched that it would have to see removed.
        if (!await finalizers.WriteAsync(entity, plan.HoldsFinalizer, cancellationToken))
        {
            return ReconciliationResult.Success(Soon);
        }

        var report = await jobs.WriteAsync(plan, cancellationToken);
        foreach (var job in report.Written)
        {
            LogCreated(logger, entity.Metadata.NamespaceProperty, entity.Metadata.Name, job.Name);
        }

        if (report.IsLate)
        {
            return ReconciliationResult.Failure("a child exists already that no watch has told of yet");
        }

        if (entity.Metadata.DeletionTimestamp is not null && report.Refusal is { } refused && IsNamespaceEnding(refused))
        {
            return await LetGoAsync(entity, new(Reasons.FilesLeft, $"Files of {entity.Spec.Model.Source} may be left, because their namespace is being deleted, where no Job can be created any more.", IsTrouble: true), cancellationToken);
        }

        var pause = await TellAsync(entity, observed, plan, report, cancellationToken);
        return report.Refusal is { } refusal ? ReconciliationResult.Failure(refusal.Message) : ReconciliationResult.Success(Sooner(pause == TimeSpan.Zero ? null : pause, plan.LookAgainAfter));
    }

    public Task DeletedAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        _limit.Forget(key);
        return Task.CompletedTask;
    }

    private async Task<ReconciliationResult> LetGoAsync(ModelCache cache, Farewell farewell, CancellationToken cancel)
    {
        if (!await finalizers.WriteAsync(cache, wanted: false, cancel))
        {
            return ReconciliationResult.Success(Soon);
        }

        events.PublishFarewell(cache, farewell);
        LogFarewell(logger, cache.Metadata.NamespaceProperty, cache.Metadata.Name, farewell.Message);
        return ReconciliationResult.Success();
    }

    private async Task<TimeSpan> TellAsync(ModelCache cache, CacheObservation observed, CachePlan plan, WriteReport report, CancellationToken cancel)
    {
        var status = ConditionTimes.Stamp(CacheStatusPlanner.Plan(observed, plan, report.Refusal), cache.Status, time.GetUtcNow());
        var pause = _limit.Pause(cache);
        if (pause == TimeSpan.Zero)
        {
            await WriteStatusAsync(cache, status, cancel);
            events.PublishStatus(cache, status);
        }

        return pause;
    }

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
                _limit.Wrote(ObjectKey.Of(cache));
            }
        }
        catch (KubeApiException e) when (e.IsNotFound || e.IsConflict)
        {
            // It has been deleted, perhaps made anew, since the store heard of it; the store will hear of that too.
            LogGone(logger, cache.Metadata.NamespaceProperty, cache.Metadata.Name, e.ServerMessage);
        }
    }

    private static bool IsNamespaceEnding(Obstacle refusal) => refusal.Message.Contains("because it is being terminated", StringComparison.Ordinal);

    private static TimeSpan? Sooner(TimeSpan? one, TimeSpan? other)
    {
        var sooner = one is null || other < one ? other : one;
        return sooner is { } wait ? wait < Soon ? Soon : wait > Late ? Late : wait : null;
    }

    [LoggerMessage(EventId = 111, Level = LogLevel.Information, Message = "{Namespace}/{Name}: created Job {Job}")]
    private static partial void LogCreated(ILogger logger, string @namespace, string name, string job);

    [LoggerMessage(EventId = 112, Level = LogLevel.Debug, Message = "{Namespace}/{Name}: its status was not written because it is gone: {Message}")]
    private static partial void LogGone(ILogger logger, string @namespace, string name, string message);

    [LoggerMessage(EventId = 113, Level = LogLevel.Information, Message = "{Namespace}/{Name} is let go: {Message}")]
    private static partial void LogFarewell(ILogger logger, string @namespace, string name, string message);
}
