namespace FleetOps.Benchmarks.Worker.Bare;

/// <summary>What <see cref="BareBinding"/> is to do.</summary>
/// <param name="Model">The GGUF file.</param>
/// <param name="Native">The folder of the native libraries.</param>
/// <param name="Slots">Sequences that the context has room for.</param>
/// <param name="ContextLength">Tokens of one sequence.</param>
/// <param name="Threads">CPU threads that compute.</param>
/// <param name="BatchTokens">Tokens of a batch.</param>
/// <param name="Sequences">Sequences that are computed at once; 0 only loads.</param>
/// <param name="PromptTokens">Tokens of each prompt.</param>
/// <param name="AnswerTokens">Tokens that each sequence generates.</param>
internal sealed record BareWork(
    string Model, string Native, int Slots, int ContextLength, int Threads, int BatchTokens, int Sequences = 0, int PromptTokens = 0, int AnswerTokens = 0);
