namespace FleetOps.LlamaCpp.Chat;

/// <summary>One message of a chat.</summary>
/// <param name="Role"><c>system</c>, <c>user</c>, <c>assistant</c> or <c>tool</c>; templates may know others.</param>
/// <param name="Content">What it says.</param>
public sealed record ChatMessage(string Role, string Content);
