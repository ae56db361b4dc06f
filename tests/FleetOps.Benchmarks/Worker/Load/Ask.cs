namespace FleetOps.Benchmarks.Worker.Load;

/// <summary>One greedy request that generates exactly as many tokens as it says.</summary>
/// <param name="Prompt">The tokens of the prompt.</param>
/// <param name="MaxTokens">How many tokens to generate; the end-of-generation token does not end it.</param>
/// <param name="WantsTokens">Whether the answer must name the tokens.</param>
internal sealed record Ask(IReadOnlyList<int> Prompt, int MaxTokens, bool WantsTokens = false)
{
    /// <summary>Hears the timestamp of each message that brings tokens, as it arrives.</summary>
    public Action<long>? Arrived { get; init; }
}
