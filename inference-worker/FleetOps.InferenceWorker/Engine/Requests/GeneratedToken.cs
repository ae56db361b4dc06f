using System.Runtime.InteropServices;

namespace FleetOps.InferenceWorker.Engine.Requests;

/// <summary>A token of an answer.</summary>
/// <param name="Id">The token.</param>
/// <param name="LogProbs">How probable it and its alternatives were; null if the request did not ask.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct GeneratedToken(int Id, TokenLogProbs? LogProbs = null);
