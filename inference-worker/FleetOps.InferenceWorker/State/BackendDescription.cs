namespace FleetOps.InferenceWorker.State;

/// <summary>What computes, and why.</summary>
internal sealed record BackendDescription(string Requested, string Selected, string Why, IReadOnlyList<DeviceDescription> Devices);
