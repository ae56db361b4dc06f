using System.Diagnostics;
using System.Diagnostics.Metrics;
using FleetOps.ControllerRuntime.Apply;
using FleetOps.ControllerRuntime.Hosting;
using FleetOps.ControllerRuntime.Informers;
using FleetOps.ControllerRuntime.Leadership;
using FleetOps.ControllerRuntime.Metrics;
using FleetOps.ControllerRuntime.Tracing;
using FleetOps.ControllerRuntime.WorkQueue;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace FleetOps.ControllerRuntime.Reconciling;

/// <summary>Takes keys from the queue and hands the objects to the controller, a bounded number at once.</summary>
internal sealed class ControllerLoop<TEntity>(
    ControllerRegistration<TEntity> registration,
    EntityQueue<TEntity> queue,
    IEntityController<TEntity> controller,
    InformerRegistry informers,
    TimeProvider time,
    IMeterFactory meters,
    ILogger<ControllerLoop<TEntity>> logger) : IControllerLoop
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    private readonly ReconcileMetrics _metrics = new(meters, registration.Name, registration.Workers);
    private readonly RetryPolicy _retries = new(new(), new(time, registration.RetriesPerSecond, registration.RetryBurst));
    private readonly IStore<TEntity> _store = informers.Get(registration.Type, registration.Scope).Store;

    public string Name => registration.Name;

    public void Connect(InformerRegistry registry) => registration.Connect(registry, queue.Add);

    public async Task RunAsync(LeaderTerm term)
    {
        queue.Open();
        try
        {
            foreach (var entity in _store.List())
            {
                queue.Add(ObjectKey.Of(entity), QueuePriority.Low);
            }

            ControllerLog.Started(logger, Name, registration.Workers, _store.Count);
            await Task.WhenAll(Enumerable.Range(0, registration.Workers).Select(_ => Task.Run(() => WorkAsync(term), CancellationToken.None))).ConfigureAwait(false);
        }
        finally
        {
            queue.Close();
            ControllerLog.Stopped(logger, Name);
        }
    }

    private async Task WorkAsync(LeaderTerm term)
    {
        // A lost lease ends reconciles before it is told to stop.
        while (!term.Stopping.IsCancellationRequested && !term.Lost.IsCancellationRequested)
        {
            ObjectKey key;
            try
            {
                key = await queue.Keys.TakeAsync(term.Stopping).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            try
            {
                await HandleAsync(key, term.Lost).ConfigureAwait(false);
            }
            finally
            {
                queue.Keys.Done(key);
            }
        }
    }

    private async Task HandleAsync(ObjectKey key, CancellationToken lost)
    {
        using var activity = ReconcileTraces.StartReconcile(Name, registration.Type.Kind, key);
        // What was logged is found by the trace, and the trace by what was logged.
        var reconcileId = activity?.TraceId.ToHexString() ?? Guid.NewGuid().ToString("n");
        using var scope = logger.BeginScope(new ReconcileScope(Name, key, reconcileId));
        var started = time.GetTimestamp();
        var outcome = ReconcileOutcome.Success;
        _metrics.Started();
        using var limit = new CancellationTokenSource(registration.ReconcileTimeout, time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, lost);
        try
        {
            outcome = Conclude(key, await ReconcileAsync(key, ending.Token).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (lost.IsCancellationRequested)
        {
            // The next leader, or this process in its next term, looks at every object again.
            outcome = ReconcileOutcome.Requeue;
        }
        catch (OperationCanceledException e) when (limit.IsCancellationRequested)
        {
            _metrics.Timeout();
            outcome = ReconcileOutcome.Error;
            ControllerLog.TimedOut(logger, Name, key, registration.ReconcileTimeout, Requeue(key, e));
        }
        catch (Exception e) when (e is KubeApiException or HttpRequestException or IOException or TimeoutException)
        {
            // The API server's answers are part of the work; where in the code they came tells nothing.
            outcome = Retry(key, e.Message, e, trace: false);
        }
        catch (Exception e)
        {
            // One object's fault must not stop the others' reconciles.
            _metrics.Panic();
            outcome = Retry(key, "an unexpected exception", e, trace: true);
        }
        finally
        {
            activity?.SetTag("fleetops.outcome", ReconcileMetrics.NameOf(outcome));
            if (outcome == ReconcileOutcome.Error)
            {
                activity?.SetStatus(ActivityStatusCode.Error);
            }

            _metrics.Ended(outcome, time.GetElapsedTime(started));
        }
    }

    private async Task<ReconciliationResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_store.Get(key) is { } entity)
        {
            return await controller.ReconcileAsync(entity, cancellationToken).ConfigureAwait(false);
        }

        await controller.DeletedAsync(key, cancellationToken).ConfigureAwait(false);
        return ReconciliationResult.Success();
    }

    private ReconcileOutcome Conclude(ObjectKey key, ReconciliationResult result)
    {
        switch (result)
        {
            case ReconciliationResult.Succeeded { RequeueAfter: { } delay }:
                _retries.Forget(key);
                ReconcileTraces.Requeued(delay);
                queue.AddAfter(key, delay, delay > TimeSpan.Zero ? QueuePriority.Low : QueuePriority.Normal);
                return delay > TimeSpan.Zero ? ReconcileOutcome.RequeueAfter : ReconcileOutcome.Requeue;
            case ReconciliationResult.Failed failed:
                return Retry(key, failed.Message, failed.Error, trace: true);
            case ReconciliationResult.Refused refused:
                _retries.Forget(key);
                _metrics.Error();
                _metrics.TerminalError();
                ControllerLog.Refused(logger, Name, key, refused.Message);
                return ReconcileOutcome.Error;
            default:
                _retries.Forget(key);
                return ReconcileOutcome.Success;
        }
    }

    private ReconcileOutcome Retry(ObjectKey key, string message, Exception? error, bool trace)
    {
        var delay = Requeue(key, error);
        ControllerLog.Failed(logger, trace ? error : null, Name, key, message, delay);
        return ReconcileOutcome.Error;
    }

    private TimeSpan Requeue(ObjectKey key, Exception? error)
    {
        var delay = _retries.Next(key, error);
        _metrics.Error();
        queue.Metrics.Retried();
        ReconcileTraces.Requeued(delay);
        queue.AddAfter(key, delay);
        return delay;
    }
}
