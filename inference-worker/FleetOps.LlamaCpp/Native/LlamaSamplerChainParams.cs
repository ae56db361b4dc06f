using System.Runtime.InteropServices;

namespace FleetOps.LlamaCpp.Native;

/// <summary><c>llama_sampler_chain_params</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LlamaSamplerChainParams
{
    public byte NoPerf;
}
