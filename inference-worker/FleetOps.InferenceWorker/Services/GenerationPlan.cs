using FleetOps.LlamaCpp.Sampling;

namespace FleetOps.InferenceWorker.Services;

/// <summary>A request of which everything has been checked and prepared; what is left is to generate.</summary>
/// <param name="Call">Who asks.</param>
/// <param name="Options">What was asked for.</param>
/// <param name="Prompt">The prompt.</param>
/// <param name="Grammar">What the answer must look like; null for anything. Whoever runs the plan disposes it.</param>
internal sealed record GenerationPlan(CallMetadata Call, RequestOptions Options, int[] Prompt, LlamaGrammar? Grammar)
{
    private static readonly HashSet<int> NoTokens = [];

    /// <summary>Texts that end the answer: those of the request, and those of its template.</summary>
    public IReadOnlyList<string> StopStrings { get; init; } = Options.StopStrings;

    /// <summary>Control tokens whose spelling belongs to the text of the answer.</summary>
    public IReadOnlySet<int> SpelledTokens { get; init; } = NoTokens;
}
