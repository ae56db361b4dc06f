using FleetOps.LlamaCpp.Chat;
using FleetOps.LlamaCpp.Models;

namespace FleetOps.InferenceWorker.Serving;

/// <summary>The chat template that a model brings. Safe for use from several threads.</summary>
internal sealed class ConversationTemplate : IDisposable
{
    private readonly ChatTemplate _template;

    private ConversationTemplate(ChatTemplate template) => _template = template;

    /// <summary>
    /// The template of a model; null if it brings none, because llama.cpp's stand-in would make most models answer badly
    /// without a word about the cause.
    /// </summary>
    public static ConversationTemplate? Of(LlamaModel model) =>
        model.ChatTemplateSource is null ? null : new ConversationTemplate(new ChatTemplate(model));

    /// <summary>Renders a conversation up to where the assistant's answer begins.</summary>
    /// <exception cref="FleetOps.LlamaCpp.LlamaException">The template refuses the messages.</exception>
    public ChatPrompt Render(IEnumerable<FleetOps.Inference.V1.ChatMessage> messages) =>
        _template.Apply([.. messages.Select(message => new ChatMessage(message.Role, message.Content))]);

    /// <inheritdoc/>
    public void Dispose() => _template.Dispose();
}
