namespace FleetOps.LlamaCpp.Native;

/// <summary>Owns a <c>llama_model</c>.</summary>
internal sealed class ModelHandle(nint model) : LlamaHandle(model, owner: null)
{
    /// <summary>
    /// Held while the model's list of adapters changes, and while a context reads it: when it is made, and at the first
    /// decode after another adapter was set.
    /// </summary>
    public Lock AdapterGate { get; } = new();

    protected override void Free(nint pointer) => LlamaNative.llama_model_free(pointer);
}
