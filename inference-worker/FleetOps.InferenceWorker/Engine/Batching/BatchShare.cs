using System.Runtime.InteropServices;

namespace FleetOps.InferenceWorker.Engine.Batching;

/// <summary>What one sequence gets to do in a batch.</summary>
/// <param name="Slot">The slot of the sequence.</param>
/// <param name="Tokens">How many of its tokens are computed: 1 for a sequence that decodes, a chunk of the prompt otherwise.</param>
/// <param name="Samples">Whether the last of these tokens yields logits, from which the next token is sampled.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct BatchShare(int Slot, int Tokens, bool Samples);
