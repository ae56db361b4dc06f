using FleetOps.InferenceWorker.Engine.Requests;
using FleetOps.InferenceWorker.Services;

namespace FleetOps.InferenceWorker.Telemetry;

/// <summary>What is known of one request, for when its end is told. Written by its call.</summary>
internal sealed class RequestRecord(string operation, string requestId, DateTimeOffset startedAt, long startedTimestamp, bool keepsText)
{
    /// <summary>The operation, as the GenAI convention names it.</summary>
    public string Operation { get; } = operation;

    /// <summary>Id of the request.</summary>
    public string RequestId { get; } = requestId;

    /// <summary>When it came, by the clock on the wall.</summary>
    public DateTimeOffset StartedAt { get; } = startedAt;

    /// <summary>When it came, for measuring durations.</summary>
    public long StartedTimestamp { get; } = startedTimestamp;

    /// <summary>Whether <see cref="Prompt"/> and <see cref="Answers"/> are told. If not, neither is kept.</summary>
    public bool KeepsText { get; } = keepsText;

    /// <summary>How it ended, one of <see cref="Outcomes"/>; null as long as the status of the call says it.</summary>
    public string? Outcome { get; set; }

    /// <summary>What was asked for; null until it has been checked, and for embeddings.</summary>
    public RequestOptions? Options { get; set; }

    /// <summary>How many inputs a request for embeddings or a ranking has.</summary>
    public int Inputs { get; set; }

    /// <summary>Tokens of the prompt, or of all inputs together.</summary>
    public int PromptTokens { get; set; }

    /// <summary>Tokens that were sampled.</summary>
    public int CompletionTokens { get; set; }

    /// <summary>The answers on their way through the engine.</summary>
    public IReadOnlyList<Generation> Generations { get; set; } = [];

    /// <summary>How each of the answers ended.</summary>
    public IReadOnlyList<string> FinishReasons { get; set; } = [];

    /// <summary>The text of the prompt; null if there is none, or if it is not told.</summary>
    public LoggedText? Prompt { get; set; }

    /// <summary>The text of each of the answers; empty if there is none, or if it is not told.</summary>
    public IReadOnlyList<LoggedText> Answers { get; set; } = [];
}
