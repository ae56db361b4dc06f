using System.Runtime.InteropServices;

namespace FleetOps.LlamaCpp.Native;

/// <summary><c>ggml_backend_dev_props</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GgmlBackendDevProps
{
    public nint Name;
    public nint Description;
    public nuint MemoryFree;
    public nuint MemoryTotal;
    public int Type;
    public nint DeviceId;
    public GgmlBackendDevCaps Caps;
}
