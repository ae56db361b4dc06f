namespace FleetOps.LlamaCpp.Backends;

/// <summary>How the CPU backend's threads lie on the nodes of a machine whose memory is not uniform (NUMA); the values are ggml's.</summary>
public enum NumaStrategy
{
    /// <summary>As the kernel puts them.</summary>
    None = 0,

    /// <summary>Spread over all nodes.</summary>
    Distribute = 1,

    /// <summary>On the node on which the program started.</summary>
    Isolate = 2,

    /// <summary>On the processors that <c>numactl</c> left to the program.</summary>
    Numactl = 3,
}
