namespace FleetOps.InferenceWorker.State;

/// <summary>A device of the backend; memory in bytes, as it was when the worker started.</summary>
internal sealed record DeviceDescription(string Name, string Description, long MemoryTotalBytes, long MemoryFreeBytes);
