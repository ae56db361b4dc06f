namespace FleetOps.LlamaCpp.Models;

/// <summary>Tells models whose tokens see only those before them from those whose tokens all see one another.</summary>
internal static class AttentionKind
{
    // llama.cpp keeps no cache for these, whether or not the file says that their attention is not causal.
    private static readonly HashSet<string> WithoutCache = new(StringComparer.Ordinal)
    {
        "bert", "jina-bert-v2", "jina-bert-v3", "nomic-bert", "nomic-bert-moe", "neo-bert", "eurobert", "modern-bert", "gemma-embedding",
        "wavtokenizer-dec", "dream", "llada", "llada-moe", "rnd1",
    };

    /// <summary>Whether a token sees only those before it.</summary>
    public static bool IsCausal(string architecture, IReadOnlyDictionary<string, string> metadata) =>
        !WithoutCache.Contains(architecture) && metadata.GetValueOrDefault($"{architecture}.attention.causal") != "false";
}
