using System.Runtime.InteropServices;

namespace FleetOps.LlamaCpp.Native;

/// <summary><c>ggml_backend_dev_caps</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GgmlBackendDevCaps
{
    public byte Async;
    public byte HostBuffer;
    public byte BufferFromHostPtr;
    public byte Events;
    public byte MmapSupport;
}
