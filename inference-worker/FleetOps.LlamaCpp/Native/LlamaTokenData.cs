using System.Runtime.InteropServices;

namespace FleetOps.LlamaCpp.Native;

/// <summary><c>llama_token_data</c>; only its size is used, by the self-check at start-up.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LlamaTokenData
{
    public int Id;
    public float Logit;
    public float P;
}
