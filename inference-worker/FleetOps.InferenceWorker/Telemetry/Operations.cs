using FleetOps.InferenceWorker.Serving;

namespace FleetOps.InferenceWorker.Telemetry;

/// <summary>What a model can be asked for, as the OpenTelemetry GenAI convention names it where it has a name.</summary>
internal static class Operations
{
    /// <summary>Generate.</summary>
    public const string TextCompletion = "text_completion";

    /// <summary>Chat.</summary>
    public const string Chat = "chat";

    /// <summary>Embed.</summary>
    public const string Embeddings = "embeddings";

    /// <summary>Rerank, for which the convention has no name.</summary>
    public const string Rerank = "rerank";

    /// <summary>Those that a model can be asked for.</summary>
    public static IEnumerable<string> Of(ModelCapabilities capabilities) =>
    [
        .. capabilities.Generates ? (string[])[TextCompletion, Chat] : [],
        .. capabilities.Embeds ? (string[])[Embeddings] : [],
        .. capabilities.Ranks ? (string[])[Rerank] : [],
    ];
}
