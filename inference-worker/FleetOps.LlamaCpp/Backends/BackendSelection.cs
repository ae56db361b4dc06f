namespace FleetOps.LlamaCpp.Backends;

/// <summary>Which backend was chosen at start-up, and why.</summary>
/// <param name="Requested">What was asked for.</param>
/// <param name="Selected">What is used.</param>
/// <param name="Why">One line for the log and the state document.</param>
/// <param name="CudaDriverVersion">The newest CUDA version that the node's driver serves; null without a driver, or when it was not asked.</param>
public sealed record BackendSelection(BackendRequest Requested, Backend Selected, string Why, Version? CudaDriverVersion);
