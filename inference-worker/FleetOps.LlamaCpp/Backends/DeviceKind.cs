namespace FleetOps.LlamaCpp.Backends;

/// <summary>What a device is; the values are ggml's.</summary>
public enum DeviceKind
{
    /// <summary>The CPU with main memory.</summary>
    Cpu = 0,

    /// <summary>A GPU with memory of its own.</summary>
    Gpu = 1,

    /// <summary>A GPU that uses main memory.</summary>
    IntegratedGpu = 2,

    /// <summary>Something that helps the CPU, such as a BLAS library.</summary>
    Accelerator = 3,

    /// <summary>Several devices that appear as one.</summary>
    Group = 4,
}
