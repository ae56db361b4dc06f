namespace FleetOps.LlamaCpp.Chat;

/// <summary>What a template is asked for besides the messages.</summary>
public sealed record ChatOptions
{
    /// <summary>End the prompt where the assistant's answer begins.</summary>
    public bool AddGenerationPrompt { get; init; } = true;

    /// <summary>Let the model think before it answers, where the template can choose.</summary>
    public bool EnableThinking { get; init; } = true;

    /// <summary>Tools that the model may call.</summary>
    public IReadOnlyList<ChatTool> Tools { get; init; } = [];

    /// <summary><c>auto</c>, <c>required</c> or <c>none</c>.</summary>
    public string ToolChoice { get; init; } = "auto";

    /// <summary>Whether several tools may be called at once; null is where the template can.</summary>
    public bool? ParallelToolCalls { get; init; }

    /// <summary>A JSON schema that the answer must follow; null for none. The prompt then comes with a grammar.</summary>
    public string? JsonSchema { get; init; }

    /// <summary>Arguments of the template's own, as a JSON object; null for none.</summary>
    public string? TemplateArgumentsJson { get; init; }
}
