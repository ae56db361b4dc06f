namespace FleetOps.LlamaCpp.Models;

/// <summary>How the embeddings of a text's tokens become one vector; the values are llama.cpp's.</summary>
public enum PoolingType
{
    /// <summary>They do not: each token keeps its own.</summary>
    None = 0,

    /// <summary>Their mean.</summary>
    Mean = 1,

    /// <summary>That of the first token, which such models train for it.</summary>
    Cls = 2,

    /// <summary>That of the last token.</summary>
    Last = 3,

    /// <summary>The scores of a classifier on top, for models that rank documents by a query.</summary>
    Rank = 4,
}
