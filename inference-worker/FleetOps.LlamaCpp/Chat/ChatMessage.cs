namespace FleetOps.LlamaCpp.Chat;

/// <summary>One message of a chat.</summary>
/// <param name="Role"><c>system</c>, <c>user</c>, <c>assistant</c> or <c>tool</c>; templates may know others.</param>
/// <param name="Content">What it says.</param>
public sealed record ChatMessage(string Role, string Content)
{
    /// <summary>The tools that an assistant called.</summary>
    public IReadOnlyList<ChatToolCall> ToolCalls { get; init; } = [];

    /// <summary>Which call a tool's message answers; empty for none.</summary>
    public string ToolCallId { get; init; } = "";

    /// <summary>The tool that a tool's message comes from; empty for none.</summary>
    public string Name { get; init; } = "";

    /// <summary>What an assistant thought; empty for nothing.</summary>
    public string ReasoningContent { get; init; } = "";
}
