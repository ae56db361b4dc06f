namespace FleetOps.InferenceWorker.State;

/// <summary>A failure that ends the worker, with the reason that the operator and the exit code go by.</summary>
internal sealed class WorkerFailedException(FailureReason reason, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The reason, from the closed list.</summary>
    public FailureReason Reason { get; } = reason;
}
