namespace FleetOps.LlamaCpp.Models;

/// <summary>How a model's file comes into memory; the values are llama.cpp's.</summary>
public enum LoadMode
{
    /// <summary>It is read.</summary>
    Read = 0,

    /// <summary>It is mapped: pages are shared between processes, and the kernel may drop and read them again.</summary>
    Map = 1,

    /// <summary>It is read, and the memory is kept from being swapped; where the process may not lock so much, llama.cpp warns and goes on.</summary>
    ReadAndLock = 2,

    /// <summary>It is mapped and its pages are kept in memory; where the process may not lock so much, llama.cpp warns and goes on.</summary>
    MapAndLock = 3,

    /// <summary>It is read past the page cache, where the file system can.</summary>
    Direct = 4,
}
