using System.Runtime.InteropServices;

namespace FleetOps.InferenceWorker.Engine.Requests;

/// <summary>A token and how probable it was.</summary>
/// <param name="Token">The token.</param>
/// <param name="LogProb">The natural logarithm of its probability; 0 or less.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct TokenLogProb(int Token, float LogProb);
