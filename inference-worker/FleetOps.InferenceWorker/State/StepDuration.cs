namespace FleetOps.InferenceWorker.State;

/// <summary>A step of the start and the seconds that it took.</summary>
internal sealed record StepDuration(StartupStep Step, double Seconds);
