namespace FleetOps.InferenceWorker.Engine.Batching;

/// <summary>Guesses how an answer goes on: as it went on the last time that its last tokens occurred. Right where text is repeated, as in code that is edited or a document that is quoted.</summary>
internal static class PromptLookup
{
    private const int LongestNeedle = 3;
    private const int ShortestNeedle = 2;

    /// <summary>Guesses tokens. A pure function; allocates nothing.</summary>
    /// <param name="before">All tokens but the last.</param>
    /// <param name="last">The last token.</param>
    /// <param name="draft">Receives the guess, at most as many as fit.</param>
    /// <returns>How many were guessed; 0 when the last tokens are new.</returns>
    public static int Find(ReadOnlySpan<int> before, int last, Span<int> draft)
    {
        Span<int> needle = stackalloc int[LongestNeedle];
        for (var length = LongestNeedle; length >= ShortestNeedle; length--)
        {
            if (before.Length < length || draft.IsEmpty)
            {
                continue;
            }

            before[^(length - 1)..].CopyTo(needle);
            needle[length - 1] = last;
            var at = before[..^1].LastIndexOf(needle[..length]);
            if (at >= 0)
            {
                var next = before[(at + length)..];
                next = next[..Math.Min(next.Length, draft.Length)];
                next.CopyTo(draft);
                return next.Length;
            }
        }

        return 0;
    }
}
