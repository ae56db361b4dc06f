namespace FleetOps.Benchmarks.Worker.Servers;

/// <summary>What both servers are started with.</summary>
/// <param name="Model">The GGUF file.</param>
/// <param name="Slots">Requests that are computed at once.</param>
/// <param name="ContextLength">Tokens of one request, prompt and answer together.</param>
/// <param name="Threads">CPU threads that compute.</param>
internal sealed record ServerShape(string Model, int Slots, int ContextLength, int Threads = 2)
{
    /// <summary>Tokens of a batch and of what is computed at once: the default of the worker, given to the peer too.</summary>
    public const int BatchTokens = 512;
}
