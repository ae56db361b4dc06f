namespace FleetOps.InferenceWorker.State;

/// <summary>What <c>fetch</c> writes to the termination log when it succeeded: the operator reads it from the pod's status.</summary>
internal sealed record FetchedMessage(FetchedModel Model);
