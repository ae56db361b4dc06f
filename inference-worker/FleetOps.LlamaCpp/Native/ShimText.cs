using System.Runtime.InteropServices;

namespace FleetOps.LlamaCpp.Native;

/// <summary>How text comes back from native code.</summary>
internal static unsafe class ShimText
{
    /// <summary>Bytes of the buffer that each call offers for an error message; a longer one is cut.</summary>
    public const int ErrorSize = 2048;

    /// <summary>The message in an error buffer.</summary>
    public static string Error(byte* buffer) => Marshal.PtrToStringUTF8((nint)buffer) ?? "";

    /// <summary>A text that native code keeps.</summary>
    public static string Borrowed(nint text) => Marshal.PtrToStringUTF8(text) ?? "";

    /// <summary>A text that the shim allocated: copied, then given back to it.</summary>
    public static string Owned(nint text)
    {
        try
        {
            return Borrowed(text);
        }
        finally
        {
            ShimNative.fleetops_free(text);
        }
    }
}
