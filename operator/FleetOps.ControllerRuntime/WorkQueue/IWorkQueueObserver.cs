namespace FleetOps.ControllerRuntime.WorkQueue;

/// <summary>Sees a queue's keys go by, for metrics. Called under the queue's lock: must be quick and must not call back.</summary>
internal interface IWorkQueueObserver<in TKey>
    where TKey : notnull
{
    void Added(TKey key, QueuePriority priority);

    /// <summary>A waiting key of low priority is now of normal priority.</summary>
    void Raised(TKey key);

    void Started(TKey key);

    void Finished(TKey key);

    void Dropped(TKey key);
}
