namespace FleetOps.InferenceWorker.State;

/// <summary>What is written to the termination log: the operator reads it from the pod's status.</summary>
internal sealed record TerminationMessage(string Reason, string Message);
