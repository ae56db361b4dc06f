namespace FleetOps.LlamaCpp.Backends;

/// <summary>The backend in use.</summary>
public enum Backend
{
    /// <summary>The CPU.</summary>
    Cpu,

    /// <summary>NVIDIA GPUs.</summary>
    Cuda,
}
