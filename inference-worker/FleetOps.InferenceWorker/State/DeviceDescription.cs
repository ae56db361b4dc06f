using FleetOps.LlamaCpp.Backends;

namespace FleetOps.InferenceWorker.State;

/// <summary>A device of the backend; memory in bytes, as it was when the worker started.</summary>
/// <param name="Name">ggml's name, such as <c>CPU</c> or <c>CUDA0</c>.</param>
/// <param name="Description">The maker's name for it.</param>
/// <param name="MemoryTotalBytes">All of its memory.</param>
/// <param name="MemoryFreeBytes">Its free memory.</param>
/// <param name="ComputeCapability">Of a CUDA device, such as <c>9.0</c>; empty for others.</param>
/// <param name="DriverVersion">The newest CUDA version that the driver of a CUDA device serves, such as <c>12.4</c>; empty for others.</param>
internal sealed record DeviceDescription(
    string Name, string Description, long MemoryTotalBytes, long MemoryFreeBytes, string ComputeCapability, string DriverVersion)
{
    /// <summary>Describes a device.</summary>
    /// <param name="device">The device.</param>
    /// <param name="cudaDriver">The newest CUDA version that the node's driver serves, if there is a driver.</param>
    public static DeviceDescription Of(LlamaDevice device, Version? cudaDriver) => new(
        device.Name,
        device.Description,
        device.MemoryTotalBytes,
        device.MemoryFreeBytes,
        device.ComputeCapability?.ToString() ?? "",
        device.ComputeCapability is null ? "" : cudaDriver?.ToString() ?? "");
}
