namespace FleetOps.InferenceWorker.Engine.Requests;

/// <summary>How a generation ended.</summary>
/// <param name="Cause">Why.</param>
/// <param name="FinalToken">The stop or end-of-generation token that is not part of the output, if there is one.</param>
/// <param name="SampledTokens">How many tokens were sampled, <paramref name="FinalToken"/> included.</param>
/// <param name="CachedTokens">How many tokens of the prompt were in the KV cache already and were not computed.</param>
/// <param name="Queued">From submission to the slot, or to the end if none was held.</param>
/// <param name="Prefill">From the slot to the first sampled token.</param>
/// <param name="Decode">From the first sampled token to the last.</param>
internal sealed record GenerationEnd(
    EndCause Cause,
    int? FinalToken,
    int SampledTokens,
    int CachedTokens,
    TimeSpan Queued,
    TimeSpan Prefill,
    TimeSpan Decode)
{
    /// <summary>More about <see cref="EndCause.ConstraintFailed"/>, in plain words; null for the other causes.</summary>
    public string? Detail { get; init; }
}
