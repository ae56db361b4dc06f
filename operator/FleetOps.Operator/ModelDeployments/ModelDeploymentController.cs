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
        if (report.Written.Count > 0)
        {
            LogChildren(entity, report);
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

    // One line for all of them: a large change would spend more on its log than on its plans.
    private void LogChildren(ModelDeployment model, WriteReport report)
    {
        if (logger.IsEnabled(LogLevel.Information))
        {
            var told = string.Join(", ", report.Written.Select(child => $"{child.Kind} {child.Name} ({child.FirstDifference ?? "it did not exist"})"));
            LogWritten(logger, model.Metadata.NamespaceProperty, model.Metadata.Name, told);
        }
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

    [LoggerMessage(EventId = 101, Level = LogLevel.Information, Message = "{Namespace}/{Name}: wrote {Children}")]
    private static partial void LogWritten(ILogger logger, string @namespace, string name, string children);

    [LoggerMessage(EventId = 102, Level = LogLevel.Debug, Message = "{Namespace}/{Name}: its status was not written because it is gone: {Message}")]
    private static partial void LogGone(ILogger logger, string @namespace, string name, string message);
}
