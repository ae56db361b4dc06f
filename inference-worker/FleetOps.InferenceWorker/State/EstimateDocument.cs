namespace FleetOps.InferenceWorker.State;

/// <summary>What <c>estimate --json</c> prints; all memory in bytes.</summary>
/// <param name="Source">Where the model is.</param>
/// <param name="Architecture">As the GGUF names it.</param>
/// <param name="Quantization">Type of most weights; empty if unknown.</param>
/// <param name="SizeBytes">Size of its files.</param>
/// <param name="ContextLength">Tokens that one request may use.</param>
/// <param name="MaxSequences">Requests computed at once.</param>
/// <param name="Memory">The memory that it will take.</param>
/// <param name="LimitBytes">Main memory that the process may use; null if nothing limits it.</param>
/// <param name="Gpus">The GPUs of this machine.</param>
/// <param name="Fits">Whether nothing is known against serving it here.</param>
/// <param name="Reason">Why it cannot be served here; empty if it can.</param>
/// <param name="Message">What the reason means here, for people.</param>
internal sealed record EstimateDocument(
    string Source,
    string Architecture,
    string Quantization,
    long SizeBytes,
    int ContextLength,
    int MaxSequences,
    MemoryDescription Memory,
    long? LimitBytes,
    IReadOnlyList<DeviceDescription> Gpus,
    bool Fits,
    string Reason,
    string Message);
