namespace FleetOps.LlamaCpp.Native;

/// <summary>Owns a <c>fleetops_grammar</c>, which refers to the model's vocabulary.</summary>
internal sealed class GrammarHandle(nint grammar, ModelHandle model) : LlamaHandle(grammar, model)
{
    protected override void Free(nint pointer) => ShimNative.fleetops_grammar_free(pointer);
}
