using FleetOps.InferenceWorker.State;
using FleetOps.LlamaCpp;
using FleetOps.LlamaCpp.Chat;
using FleetOps.LlamaCpp.Models;

namespace FleetOps.InferenceWorker.Serving;

/// <summary>The chat template of a model. Safe for use from several threads.</summary>
internal sealed class ConversationTemplate : IDisposable
{
    private readonly ChatTemplate _template;

    private ConversationTemplate(ChatTemplate template) => _template = template;

    /// <summary>
    /// The template of a model; null if it brings none, because llama.cpp's stand-in would make most models answer badly
    /// without a word about the cause.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="source">A Jinja template instead of the model's own; null for that.</param>
    /// <exception cref="WorkerFailedException">The template cannot be parsed.</exception>
    public static ConversationTemplate? Of(LlamaModel model, string? source = null)
    {
        try
        {
            return source is null && model.ChatTemplateSource is null ? null : new ConversationTemplate(new ChatTemplate(model, source));
        }
        catch (LlamaException exception) when (exception.Fault == LlamaFault.TemplateFailed)
        {
            throw source is null
                ? new WorkerFailedException(FailureReason.InvalidGguf, $"{exception.Message} Give another template with --chat-template.", exception)
                : new WorkerFailedException(FailureReason.InvalidConfiguration, $"The template of --chat-template: {exception.Message}", exception);
        }
    }

    /// <summary>Renders a conversation up to where the assistant's answer begins.</summary>
    /// <exception cref="LlamaException">The template refuses the messages.</exception>
    public ChatPrompt Render(IReadOnlyList<ChatMessage> messages, ChatOptions options) => _template.Apply(messages, options);

    /// <inheritdoc/>
    public void Dispose() => _template.Dispose();
}
