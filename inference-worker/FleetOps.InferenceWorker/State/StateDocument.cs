namespace FleetOps.InferenceWorker.State;

/// <summary>What <c>GET /state</c> answers. The property names are part of the contract with the operator.</summary>
/// <param name="Phase">Where the worker stands.</param>
/// <param name="Since">When it entered this phase.</param>
/// <param name="Reason">Reason of the last fault in this phase, or of the failure; empty if there is none.</param>
/// <param name="Message">What the reason means here, for people.</param>
/// <param name="FetchedBytes">Bytes of the model's file that have arrived.</param>
/// <param name="TotalBytes">Size of the model's file; 0 while unknown.</param>
/// <param name="BytesPerSecond">Rate at which they arrive, or are hashed while verifying; 0 while nothing moves.</param>
/// <param name="SecondsLeft">Time left at this rate; null while it is unknown.</param>
/// <param name="Phases">Each phase so far with the seconds spent in it, the current one last.</param>
/// <param name="Startup">Each step of the start so far with the seconds that it took, in the order in which they ended.</param>
/// <param name="Backend">What computes; null until chosen.</param>
/// <param name="Model">What is served; null until loaded.</param>
/// <param name="Memory">The memory that the model takes; null until it is known, which for a file that has to be downloaded is before its download.</param>
/// <param name="Running">Requests that hold a slot.</param>
/// <param name="Waiting">Requests that wait for a slot.</param>
/// <param name="Version">Version of this program.</param>
internal sealed record StateDocument(
    WorkerPhase Phase,
    DateTimeOffset Since,
    string Reason,
    string Message,
    long FetchedBytes,
    long TotalBytes,
    double BytesPerSecond,
    double? SecondsLeft,
    IReadOnlyList<PhaseDuration> Phases,
    IReadOnlyList<StepDuration> Startup,
    BackendDescription? Backend,
    ModelDescription? Model,
    MemoryDescription? Memory,
    int Running,
    int Waiting,
    string Version);
