using FleetOps.LlamaCpp.Native;

namespace FleetOps.LlamaCpp;

/// <summary>
/// Leaves a reason in a file when native code ends the process with a fatal signal, which no managed code hears of. Null
/// references and divisions by zero of managed code stay exceptions. Members may be used from any thread.
/// </summary>
public static class CrashLog
{
    private static readonly Lock Gate = new();
    private static bool _armed;

    /// <summary>
    /// Writes <paramref name="before"/>, the signal with the library that received it, and <paramref name="after"/> to a file when the process crashes.
    /// Later calls keep the file and the texts of the first; each learns the libraries that were loaded since.
    /// </summary>
    /// <param name="runtime">The loaded llama.cpp.</param>
    /// <param name="path">The file; it is made or overwritten.</param>
    /// <param name="before">At most 511 bytes of UTF-8.</param>
    /// <param name="after">At most 63 bytes of UTF-8.</param>
    public static void Arm(LlamaRuntime runtime, string path, string before, string after)
    {
        ArgumentNullException.ThrowIfNull(runtime);
        ArgumentException.ThrowIfNullOrEmpty(path);
        lock (Gate)
        {
            ShimNative.fleetops_crash_log(Path.GetFullPath(path), before, after);
            _armed = true;
        }
    }

    /// <summary>Says that the reason of the end is left already, so that a crash does not write over it.</summary>
    public static void Disarm()
    {
        if (_armed)
        {
            ShimNative.fleetops_crash_told();
        }
    }
}
