using System.Text.RegularExpressions;
using FleetOps.LlamaCpp.Models;
using FleetOps.LlamaCpp.Native;
using FleetOps.LlamaCpp.Sampling;

namespace FleetOps.LlamaCpp.Chat;

/// <summary>
/// A model's chat template, run by llama.cpp's Jinja engine. Parsing one costs milliseconds, so it is made once for a
/// model and kept. Members may be used from several threads, as llama.cpp's own server does.
/// </summary>
public sealed unsafe partial class ChatTemplate : IDisposable
{
    private readonly ChatTemplateHandle _handle;

    /// <summary>Parses the template of a model, or another one for it.</summary>
    /// <param name="model">The model, which the template keeps alive.</param>
    /// <param name="source">A Jinja template instead of the model's own; null for that. A model without one gets ChatML, and <see cref="IsExplicit"/> is false.</param>
    /// <exception cref="LlamaException">The template cannot be parsed (<see cref="LlamaFault.TemplateFailed"/>).</exception>
    public ChatTemplate(LlamaModel model, string? source = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        var error = stackalloc byte[ShimText.ErrorSize];
        error[0] = 0;
        var template = ShimNative.fleetops_chat_template_new(model.Handle.Pointer, source ?? "", error, ShimText.ErrorSize);
        if (template == 0)
        {
            throw new LlamaException(LlamaFault.TemplateFailed, $"The chat template of '{model.Path}' cannot be parsed: {ShimText.Error(error)}");
        }

        _handle = new ChatTemplateHandle(template, model.Handle);
        IsExplicit = ShimNative.fleetops_chat_template_is_explicit(template) != 0;
        var text = ShimNative.fleetops_chat_template_source(template, error, ShimText.ErrorSize);
        Source = text == 0 ? "" : ShimText.Owned(text);
    }

    /// <summary>The template, as Jinja.</summary>
    public string Source { get; }

    /// <summary>Whether model or caller gave a template, instead of ChatML standing in.</summary>
    public bool IsExplicit { get; }

    /// <summary>Renders messages.</summary>
    /// <inheritdoc cref="ApplyJson" />
    public ChatPrompt Apply(IReadOnlyList<ChatMessage> messages, ChatOptions? options = null) =>
        Apply(options ?? new ChatOptions(), other => ChatJson.Request(messages, other));

    /// <summary>Renders messages that are given as JSON, with whatever fields the template knows.</summary>
    /// <param name="messages">The messages; as JSON, the array of OpenAI's chat API.</param>
    /// <param name="options">What else is asked for.</param>
    /// <exception cref="LlamaException">The template refuses the messages, or a text is not JSON (<see cref="LlamaFault.TemplateFailed"/>); the message says why.</exception>
    public ChatPrompt ApplyJson(string messages, ChatOptions? options = null) =>
        Apply(options ?? new ChatOptions(), other => ChatJson.Request(messages, other));

    /// <inheritdoc />
    public void Dispose() => _handle.Dispose();

    // The patterns of a schema are ours to put into the grammar, unless the template shows the schema to the model.
    private ChatPrompt Apply(ChatOptions options, Func<ChatOptions, string> request)
    {
        if (options.JsonSchema is { } schema && JsonSchemaGrammar.PatternsOf(schema) is { Any: true } patterns)
        {
            var prompt = Apply(request(options with { JsonSchema = patterns.Schema }));
            if (!patterns.AreSeenIn(prompt.Text))
            {
                return prompt with { Grammar = patterns.PutInto(prompt.Grammar) };
            }
        }

        return Apply(request(options));
    }

    private ChatPrompt Apply(string request)
    {
        var error = stackalloc byte[ShimText.ErrorSize];
        error[0] = 0;
        var json = ShimNative.fleetops_chat_apply(_handle.Pointer, request, error, ShimText.ErrorSize);
        GC.KeepAlive(_handle);
        return json != 0
            ? ChatJson.Prompt(ShimText.Owned(json))
            : throw new LlamaException(LlamaFault.TemplateFailed, $"The chat template cannot render these messages: {Explain(ShimText.Error(error))}");
    }

    // llama.cpp draws the place in the source below its message; a status has one line.
    private static string Explain(string error)
    {
        var place = Place().Match(error);
        var reason = error.LastIndexOf("Error: ", StringComparison.Ordinal);
        return place.Success && reason >= 0 ? $"{place.Value} of the template: {error[(reason + "Error: ".Length)..].Trim()}" : error;
    }

    [GeneratedRegex(@"line \d+, column \d+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Place();
}
