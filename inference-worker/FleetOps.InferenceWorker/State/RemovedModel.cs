namespace FleetOps.InferenceWorker.State;

/// <summary>What a removal came to.</summary>
/// <param name="Bytes">Bytes of the files that were removed.</param>
/// <param name="InUse">Whether the model was left because a process uses it.</param>
internal sealed record RemovedModel(long Bytes, bool InUse);
