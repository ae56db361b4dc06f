namespace FleetOps.InferenceWorker.Engine;

/// <summary>What the engine is at.</summary>
/// <param name="Running">Requests that hold a slot.</param>
/// <param name="Waiting">Requests that wait for one.</param>
/// <param name="WaitingTokens">Prompt tokens of those that wait.</param>
/// <param name="FreeSlots">Slots that nobody holds.</param>
/// <param name="KvTokens">Tokens that running requests have in the KV cache.</param>
/// <param name="IdleKvTokens">Tokens that requests which have ended left there, for those that begin alike; they give way when room is needed.</param>
/// <param name="KvCapacity">Tokens that the KV cache can hold.</param>
/// <param name="CachedBlocks">Blocks of tokens in the KV cache, those that several slots have in common counted once.</param>
/// <param name="PromptTokens">Prompt tokens that were computed since the start.</param>
/// <param name="CachedPromptTokens">Prompt tokens that were found in the KV cache since the start.</param>
/// <param name="SampledTokens">Tokens that were sampled since the start.</param>
/// <param name="EstimatedWait">How long a request that came now would wait for a slot.</param>
/// <param name="Draining">Whether no more requests are taken.</param>
internal sealed record EngineLoad(
    int Running,
    int Waiting,
    long WaitingTokens,
    int FreeSlots,
    long KvTokens,
    long IdleKvTokens,
    long KvCapacity,
    int CachedBlocks,
    long PromptTokens,
    long CachedPromptTokens,
    long SampledTokens,
    TimeSpan EstimatedWait,
    bool Draining);
