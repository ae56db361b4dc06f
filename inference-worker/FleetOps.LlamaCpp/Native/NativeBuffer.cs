using System.Runtime.InteropServices;

namespace FleetOps.LlamaCpp.Native;

/// <summary>A block of zeroed native memory.</summary>
internal sealed unsafe class NativeBuffer : SafeHandle
{
    public NativeBuffer(nuint bytes)
        : base(invalidHandleValue: 0, ownsHandle: true) => SetHandle((nint)NativeMemory.AllocZeroed(bytes));

    public override bool IsInvalid => handle == 0;

    /// <summary>Where it begins; the caller keeps the buffer alive.</summary>
    public byte* Start => (byte*)handle;

    protected override bool ReleaseHandle()
    {
        NativeMemory.Free((void*)handle);
        return true;
    }
}
