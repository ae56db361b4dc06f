namespace FleetOps.ControllerRuntime.WorkQueue;

/// <summary>Which of the waiting keys go first. The numbers are controller-runtime's, and the <c>priority</c> label of <c>workqueue_depth</c>.</summary>
public enum QueuePriority
{
    /// <summary>Nothing is known to have changed: the first look after a start, what a list found, a look that was asked for by time.</summary>
    Low = -100,

    /// <summary>Something changed, or failed and is due again.</summary>
    Normal = 0,
}
