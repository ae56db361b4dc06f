namespace FleetOps.ControllerRuntime.Metrics;

/// <summary>The <c>result</c> label of reconciles.</summary>
internal enum ReconcileOutcome
{
    Success,
    Error,
    Requeue,
    RequeueAfter,
}
