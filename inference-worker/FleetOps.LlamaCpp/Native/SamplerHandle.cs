namespace FleetOps.LlamaCpp.Native;

/// <summary>Owns a <c>fleetops_sampler</c>; a grammar inside refers to the model's vocabulary.</summary>
internal sealed class SamplerHandle(nint sampler, ModelHandle model) : LlamaHandle(sampler, model)
{
    protected override void Free(nint pointer) => ShimNative.fleetops_sampler_free(pointer);
}
