using System.Collections.Concurrent;
using System.Globalization;
using FleetOps.Api;
using FleetOps.ControllerRuntime;
using FleetOps.ControllerRuntime.Apply;
using FleetOps.ControllerRuntime.Reconciling;
using FleetOps.Operator.ModelDeployments.Act;
using FleetOps.Operator.ModelDeployments.Observe;
using FleetOps.Operator.ModelDeployments.Plan;
using FleetOps.Operator.ModelDeployments.Status;

namespace FleetOps.Operator.ModelDeployments;

/// <summary>Brings the children of one ModelDeployment to its spec, and its status to what is: observe, plan, act, tell.</summary>
internal sealed partial class ModelDeploymentController(
    ModelDeploymentObserver observer,
    ChildWriter children,
    Applier applier,
    StatusEvents events,
    WorkerSettings settings,
    TimeProvider time,
    ILogger<ModelDeploymentController> logger) : IEntityController<ModelDeployment>
{
    // The store may lag behind our own write for a moment; planning from the older status would write and announce the same twice.
    private readonly ConcurrentDictionary<ObjectKey, ModelDeployment> _lastWritten = new();

    public async Task<ReconciliationResult> ReconcileAsync(ModelDeployment entity, CancellationToken cancellationToken)
    {
        var model = WithLatestStatus(entity);
        var observed = observer.Observe(model);
        var plan = Planner.Plan(observed, settings);
        var report = await children.WriteAsync(observed, plan, cancellationToken);
        foreach (var child in report.Written)
        {
            LogWritten(logger, model.Metadata.NamespaceProperty, model.Metadata.Name, child.Kind, child.Name, child.FirstDifference ?? "it did not exist");
        }

        var status = ConditionTimes.Stamp(StatusPlanner.Plan(observed, plan, report.Refusal), model.Status, time.GetUtcNow());
        await WriteStatusAsync(model, status, cancellationToken);
        events.Publish(model, status, report);
        return report.Refusal is { } refusal ? ReconciliationResult.Failure(refusal.Message) : ReconciliationResult.Success();
    }

    public Task DeletedAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        _lastWritten.TryRemove(key, out _);
        return Task.CompletedTask;
    }

    private ModelDeployment WithLatestStatus(ModelDeployment stored)
    {
        if (!_lastWritten.TryGetValue(ObjectKey.Of(stored), out var written) || written.Metadata.Uid != stored.Metadata.Uid || Version(written) <= Version(stored))
        {
            return stored;
        }

        return new() { ApiVersion = stored.ApiVersion, Kind = stored.Kind, Metadata = stored.Metadata, Spec = stored.Spec, Status = written.Status };
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
                _lastWritten[ObjectKey.Of(model)] = result.Entity;
            }
        }
        catch (KubeApiException e) when (e.IsNotFound || e.IsConflict)
        {
            // It has been deleted, perhaps made anew, since the store heard of it; the store will hear of that too.
            LogGone(logger, model.Metadata.NamespaceProperty, model.Metadata.Name, e.ServerMessage);
        }
    }

    private static ulong Version(ModelDeployment model) =>
        ulong.TryParse(model.Metadata.ResourceVersion, NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : 0;

    [LoggerMessage(EventId = 101, Level = LogLevel.Information, Message = "{Namespace}/{Name}: wrote {Kind} {Child} ({Difference})")]
    private static partial void LogWritten(ILogger logger, string @namespace, string name, string kind, string child, string difference);

    [LoggerMessage(EventId = 102, Level = LogLevel.Debug, Message = "{Namespace}/{Name}: its status was not written because it is gone: {Message}")]
    private static partial void LogGone(ILogger logger, string @namespace, string name, string message);
}
