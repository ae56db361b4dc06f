using System.Runtime.InteropServices;

namespace FleetOps.LlamaCpp.Native;

/// <summary>
/// A native object and, while it lives, the object that it refers to: a context keeps its model, a grammar its
/// vocabulary. So disposing in the wrong order frees nothing that is still in use.
/// </summary>
internal abstract class LlamaHandle : SafeHandle
{
    private readonly LlamaHandle? _owner;

    protected LlamaHandle(nint pointer, LlamaHandle? owner)
        : base(invalidHandleValue: 0, ownsHandle: true)
    {
        if (owner is not null)
        {
            var added = false;
            owner.DangerousAddRef(ref added);
            _owner = owner;
        }

        SetHandle(pointer);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>The native pointer, for a call that the caller brackets with <see cref="GC.KeepAlive"/>.</summary>
    public nint Pointer
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return handle;
        }
    }

    protected abstract void Free(nint pointer);

    protected sealed override bool ReleaseHandle()
    {
        Free(handle);
        _owner?.DangerousRelease();
        return true;
    }
}
