namespace FleetOps.LlamaCpp.Chat;

/// <summary>A model's answer, taken apart.</summary>
/// <param name="Content">What it says.</param>
/// <param name="ReasoningContent">What it thought; empty for none.</param>
/// <param name="ToolCalls">The tools that it calls.</param>
public sealed record ChatAnswer(string Content, string ReasoningContent, IReadOnlyList<ChatToolCall> ToolCalls);
