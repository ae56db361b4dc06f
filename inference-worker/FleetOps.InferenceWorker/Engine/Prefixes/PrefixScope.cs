using System.Runtime.InteropServices;

namespace FleetOps.InferenceWorker.Engine.Prefixes;

/// <summary>Who may share computed prompts with whom: requests of equal scope only.</summary>
/// <param name="Tenant">Who asks.</param>
/// <param name="CacheSalt">What keeps prompts of one tenant apart.</param>
/// <param name="Adapter">The LoRA adapter, which changes what is computed; null for none.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct PrefixScope(string Tenant, string CacheSalt, string? Adapter);
