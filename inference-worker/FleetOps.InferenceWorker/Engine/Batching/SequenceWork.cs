using System.Runtime.InteropServices;

namespace FleetOps.InferenceWorker.Engine.Batching;

/// <summary>What one running sequence could do in the next batch.</summary>
/// <param name="Slot">The slot that the sequence holds.</param>
/// <param name="PromptTokensLeft">Prompt tokens that have not been computed; 0 for a sequence that decodes.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct SequenceWork(int Slot, int PromptTokensLeft);
