using System.Runtime.InteropServices;
using FleetOps.LlamaCpp.Models;

namespace FleetOps.InferenceWorker.Engine.Prefixes;

/// <summary>Who may share computed prompts with whom: requests of equal scope only.</summary>
/// <param name="Tenant">Who asks.</param>
/// <param name="CacheSalt">What keeps prompts of one tenant apart.</param>
/// <param name="Adapter">The LoRA adapter, which changes what is computed; null for none. Not its name, under which another may be loaded later.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct PrefixScope(string Tenant, string CacheSalt, LlamaAdapter? Adapter);
