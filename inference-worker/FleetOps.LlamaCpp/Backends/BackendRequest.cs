namespace FleetOps.LlamaCpp.Backends;

/// <summary>Which backend a program asks for.</summary>
public enum BackendRequest
{
    /// <summary>CUDA where it can be used, else the CPU; <see cref="BackendSelection.Why"/> says which and why.</summary>
    Auto,

    /// <summary>The CPU, whatever the node has.</summary>
    Cpu,

    /// <summary>CUDA. Where it cannot be used the start fails with <see cref="LlamaFault.CudaUnavailable"/>.</summary>
    Cuda,
}
