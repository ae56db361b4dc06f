namespace FleetOps.InferenceWorker.State;

/// <summary>What <c>remove</c> writes to the termination log when it succeeded: the operator reads it from the pod's status.</summary>
internal sealed record RemovedMessage(RemovedModel Removal);
