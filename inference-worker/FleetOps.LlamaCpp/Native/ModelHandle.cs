namespace FleetOps.LlamaCpp.Native;

/// <summary>Owns a <c>llama_model</c>.</summary>
internal sealed class ModelHandle(nint model) : LlamaHandle(model, owner: null)
{
    protected override void Free(nint pointer) => LlamaNative.llama_model_free(pointer);
}
