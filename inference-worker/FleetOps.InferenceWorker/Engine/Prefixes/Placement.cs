using System.Runtime.InteropServices;

namespace FleetOps.InferenceWorker.Engine.Prefixes;

/// <summary>Where a request goes, and what of its prompt is there already.</summary>
/// <param name="Slot">The slot that it gets.</param>
/// <param name="Source">The slot whose cache holds the beginning of its prompt; <paramref name="Slot"/> itself if nothing has to be copied.</param>
/// <param name="Tokens">How many tokens of the prompt are there; less than the prompt has.</param>
/// <param name="KeptIn">The slot that takes over what the request's slot held; null where it is given up.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Placement(int Slot, int Source, int Tokens, int? KeptIn = null);
