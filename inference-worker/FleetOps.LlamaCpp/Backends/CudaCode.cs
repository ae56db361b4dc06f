namespace FleetOps.LlamaCpp.Backends;

/// <summary>One piece of GPU code in a library.</summary>
/// <param name="IsPtx">PTX, which the driver compiles for the device, instead of machine code.</param>
/// <param name="Architecture">Compute capability that it was compiled for.</param>
/// <param name="PtxVersion">Version of the PTX language; for machine code 0.0.</param>
internal readonly record struct CudaCode(bool IsPtx, Version Architecture, Version PtxVersion)
{
    /// <summary>
    /// Whether a device can run it. Machine code runs on devices of the same major version and a minor that is not lower;
    /// PTX runs on every newer device, if the driver knows that version of the language.
    /// </summary>
    public bool Runs(Version device, Version? driver) => IsPtx
        ? device >= Architecture && (driver is null || driver >= MinimumDriver)
        : device.Major == Architecture.Major && device.Minor >= Architecture.Minor;

    /// <summary>The CUDA version that a driver must serve to compile this PTX. Each release of CUDA brings one of PTX.</summary>
    public Version MinimumDriver => (PtxVersion.Major, PtxVersion.Minor) switch
    {
        ( < 7, _) => new Version(10, 0),
        (7, var minor) => new Version(11, minor),
        (8, <= 5) => new Version(12, PtxVersion.Minor),
        (8, var minor) => new Version(12, minor + 1),
        var (major, minor) => new Version(major + 4, minor),
    };
}
