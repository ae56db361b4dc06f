namespace FleetOps.LlamaCpp.Native;

/// <summary>Owns a <c>llama_adapter_lora</c>, which the model keeps in a list that nothing else guards.</summary>
internal sealed class AdapterHandle(nint adapter, ModelHandle model) : LlamaHandle(adapter, model)
{
    protected override void Free(nint pointer)
    {
        lock (model.AdapterGate)
        {
            LlamaNative.llama_adapter_lora_free(pointer);
        }
    }
}
