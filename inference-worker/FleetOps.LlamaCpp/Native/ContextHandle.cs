using System.Runtime.InteropServices;

namespace FleetOps.LlamaCpp.Native;

/// <summary>Owns a <c>llama_context</c> and the flag that its abort callback reads.</summary>
internal sealed unsafe class ContextHandle(nint context, ModelHandle model, int* abortFlag) : LlamaHandle(context, model)
{
    /// <summary>Not 0 while a decode shall stop.</summary>
    public int* AbortFlag { get; } = abortFlag;

    protected override void Free(nint pointer)
    {
        LlamaNative.llama_free(pointer);
        NativeMemory.Free(AbortFlag);
    }
}
