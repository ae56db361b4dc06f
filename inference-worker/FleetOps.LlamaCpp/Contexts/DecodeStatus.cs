namespace FleetOps.LlamaCpp.Contexts;

/// <summary>How a decode ended. The context can be used on after each of them.</summary>
public enum DecodeStatus
{
    /// <summary>All tokens of the batch are in the cache, and the outputs can be read.</summary>
    Success = 0,

    /// <summary>The cache has no room for the batch, none of which was taken. Free sequences, or send fewer tokens.</summary>
    CacheFull = 1,

    /// <summary>The decode was cancelled. Earlier parts of the batch may be in the cache: remove the sequences of the batch, or those tokens, before the next one.</summary>
    Aborted = 2,
}
