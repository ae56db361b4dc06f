namespace FleetOps.LlamaCpp.Backends;

/// <summary>A device as the CUDA driver describes it.</summary>
/// <param name="Name">The maker's name.</param>
/// <param name="ComputeCapability">Major and minor compute capability.</param>
internal sealed record CudaDevice(string Name, Version ComputeCapability);
