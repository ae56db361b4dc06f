using System.Runtime.InteropServices;
using FleetOps.Inference.V1;

namespace FleetOps.InferenceWorker.Services;

/// <summary>The next part of an answer.</summary>
/// <param name="Text">Its text; perhaps none.</param>
/// <param name="Tokens">Its tokens, if they are wanted.</param>
/// <param name="LogProbs">How probable they were, if that is wanted.</param>
/// <param name="End">How the answer ended; null if more follows. The last part has no text of its own.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct AnswerPart(string Text, IReadOnlyList<int> Tokens, IReadOnlyList<TokenLogprob> LogProbs, FinishReason? End = null)
{
    /// <summary>Whether there is nothing in it.</summary>
    public bool IsEmpty => Text.Length == 0 && Tokens.Count == 0 && LogProbs.Count == 0;
}
