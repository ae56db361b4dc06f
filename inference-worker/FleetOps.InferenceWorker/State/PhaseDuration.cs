namespace FleetOps.InferenceWorker.State;

/// <summary>A phase and the seconds spent in it.</summary>
internal sealed record PhaseDuration(WorkerPhase Phase, double Seconds);
