using FleetOps.Api;
using FleetOps.ControllerRuntime;
using FleetOps.ControllerRuntime.Apply;
using FleetOps.ControllerRuntime.Informers;
using FleetOps.ControllerRuntime.Reconciling;
using FleetOps.Operator.ModelDeployments.Act;
using FleetOps.Operator.ModelDeployments.Observe;
using FleetOps.Operator.ModelDeployments.Plan;
using FleetOps.Operator.ModelDeployments.Status;

namespace FleetOps.Operator.ModelDeployments;

/// <summary>Brings the children of one ModelDeployment to its spec, and its status to what is: observe, plan, act, tell.</summary>
internal sealed partial class ModelDeploymentController(
    ModelDeploymentObserver observer,
    KubeApi api,
    ChildWriter children,
    Applier applier,
    IStore<ModelDeployment> models,
    StatusEvents events,
    StatusWriteLimit limit,
    WorkerSettings settings,
    TimeProvider time,
    ILogger<ModelDeploymentController> logger) : IEntityController<ModelDeployment>
{
    public async Task<ReconciliationResult> ReconcileAsync(ModelDeployment entity, CancellationToken cancellationToken)
    {
        // Remembered for minutes: a request now and then, not one for each reconcile.
        var budgets = BuiltInTypes.PodDisruptionBudgets;
        var observed = observer.Observe(entity, await api.ServesAsync(budgets.ApiVersion, budgets.Kind, cancellationToken));
        var plan = Planner.Plan(observed, settings);
        var report = await children.WriteAsync(entity, plan, cancellationToken);
        foreach (var child in report.Written)
        {
            LogWritten(logger, entity.Metadata.NamespaceProperty, entity.Metadata.Name, child.Kind, child.Name, child.FirstDifference ?? "it did not exist");
        }

        if (report.IsLate)
        {
            return ReconciliationResult.Failure("a child exists already that no watch has told of yet");
        }

        var status = ConditionTimes.Stamp(StatusPlanner.Plan(observed, plan, report.Refusal), entity.Status, time.GetUtcNow());
        var pause = limit.Pause(entity);
        if (pause == TimeSpan.Zero)
        {
            await WriteStatusAsync(entity, status, cancellationToken);
            events.PublishStatus(entity, status);
        }

        events.PublishRestored(entity, report);
        return report.Refusal is { } refusal ? ReconciliationResult.Failure(refusal.Message)
            : ReconciliationResult.Success(pause == TimeSpan.Zero ? null : pause);
    }

    public Task DeletedAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        limit.Forget(key);
        return Task.CompletedTask;
    }

    private async Task WriteStatusAsync(ModelDeployment model, ModelDeploymentStatus status, CancellationToken cancel)
    {
        var desired = new ModelDeployment
        {
            Metadata = new() { Name = model.Metadata.Name, NamespaceProperty = model.Metadata.NamespaceProperty, Uid = model.Metadata.Uid },
            Status = status,
        };
        try
        {
            var result = await applier.ApplyStatusAsync(ModelDeploymentTypes.ModelDeployments, desired, model, cancel);
            if (result.Written)
            {
                models.Assume(result.Entity);
                limit.Wrote(ObjectKey.Of(model));
            }
        }
        catch (KubeApiException e) when (e.IsNotFound || e.IsConflict)
        {
            // It has been deleted, perhaps made anew, since the store heard of it; the store will hear of that too.
            LogGone(logger, model.Metadata.NamespaceProperty, model.Metadata.Name, e.ServerMessage);
        }
    }

    [LoggerMessage(EventId = 101, Level = LogLevel.Information, Message = "{Namespace}/{Name}: wrote {Kind} {Child} ({Difference})")]
    private static partial void LogWritten(ILogger logger, string @namespace, string name, string kind, string child, string difference);

    [LoggerMessage(EventId = 102, Level = LogLevel.Debug, Message = "{Namespace}/{Name}: its status was not written because it is gone: {Message}")]
    private static partial void LogGone(ILogger logger, string @namespace, string name, string message);
}
