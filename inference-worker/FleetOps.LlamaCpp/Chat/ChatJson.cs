using System.Buffers;
using System.Text;
using System.Text.Json;

namespace FleetOps.LlamaCpp.Chat;

/// <summary>The JSON that the shim's chat functions take and give.</summary>
internal static class ChatJson
{
    public static string Request(IReadOnlyList<ChatMessage> messages, ChatOptions options)
    {
        ArgumentNullException.ThrowIfNull(messages);
        return Request(options, writer =>
        {
            writer.WriteStartArray();
            foreach (var message in messages)
            {
                writer.WriteStartObject();
                writer.WriteString("role", message.Role);
                writer.WriteString("content", message.Content);
                WriteIfAny(writer, "reasoning_content", message.ReasoningContent);
                WriteIfAny(writer, "name", message.Name);
                WriteIfAny(writer, "tool_call_id", message.ToolCallId);
                WriteToolCalls(writer, message.ToolCalls);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        });
    }

    public static string Request(string messages, ChatOptions options)
    {
        ArgumentNullException.ThrowIfNull(messages);
        return Request(options, writer => WriteRaw(writer, "messages", messages));
    }

    public static ChatPrompt Prompt(string json)
    {
        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        return new ChatPrompt(
            Text(root, "prompt"),
            Texts(root, "additional_stops"),
            Texts(root, "preserved_tokens"),
            Text(root, "grammar"),
            root.GetProperty("grammar_lazy").GetBoolean(),
            [.. root.GetProperty("grammar_triggers").EnumerateArray().Select(static trigger => new GrammarTrigger(
                trigger.GetProperty("type").GetInt32(), Text(trigger, "value"), trigger.GetProperty("token").GetInt32()))],
            root.GetProperty("supports_thinking").GetBoolean(),
            root.GetProperty("plain").GetBoolean(),
            root.GetProperty("extends").GetBoolean(),
            root.GetProperty("parser").GetRawText(),
            root.GetProperty("grammar_options").GetRawText());
    }

    public static ChatAnswer Answer(string json)
    {
        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        var calls = root.TryGetProperty("tool_calls", out var array) && array.ValueKind == JsonValueKind.Array
            ? array.EnumerateArray().Select(static call => new ChatToolCall(
                Text(call, "id"), Text(call.GetProperty("function"), "name"), Text(call.GetProperty("function"), "arguments"))).ToArray()
            : [];
        return new ChatAnswer(Text(root, "content"), Text(root, "reasoning_content"), calls);
    }

    private static string Request(ChatOptions options, Action<Utf8JsonWriter> writeMessages)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WritePropertyName("messages");
            writeMessages(writer);
            writer.WriteBoolean("add_generation_prompt", options.AddGenerationPrompt);
            writer.WriteBoolean("enable_thinking", options.EnableThinking);
            if (options.ParallelToolCalls is { } parallel)
            {
                writer.WriteBoolean("parallel_tool_calls", parallel);
            }

            writer.WriteString("tool_choice", options.ToolChoice);
            WriteTools(writer, options.Tools);
            WriteRawProperty(writer, "json_schema", options.JsonSchema);
            WriteRawProperty(writer, "chat_template_kwargs", options.TemplateArgumentsJson);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void WriteRawProperty(Utf8JsonWriter writer, string name, string? json)
    {
        if (json is not null)
        {
            writer.WritePropertyName(name);
            WriteRaw(writer, name, json);
        }
    }

    private static void WriteTools(Utf8JsonWriter writer, IReadOnlyList<ChatTool> tools)
    {
        if (tools.Count == 0)
        {
            return;
        }

        writer.WriteStartArray("tools");
        for (var i = 0; i < tools.Count; i++)
        {
            writer.WriteStartObject();
            writer.WriteString("type", "function");
            writer.WriteStartObject("function");
            writer.WriteString("name", tools[i].Name);
            writer.WriteString("description", tools[i].Description);
            writer.WritePropertyName("parameters");
            WriteRaw(writer, $"tools[{i}].parameters", tools[i].ParametersJson);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteToolCalls(Utf8JsonWriter writer, IReadOnlyList<ChatToolCall> calls)
    {
        if (calls.Count == 0)
        {
            return;
        }

        writer.WriteStartArray("tool_calls");
        foreach (var call in calls)
        {
            writer.WriteStartObject();
            writer.WriteString("type", "function");
            writer.WriteString("id", call.Id);
            writer.WriteStartObject("function");
            writer.WriteString("name", call.Name);
            writer.WriteString("arguments", call.ArgumentsJson);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteIfAny(Utf8JsonWriter writer, string name, string text)
    {
        if (text.Length > 0)
        {
            writer.WriteString(name, text);
        }
    }

    // llama.cpp follows JSON by recursion; JsonDocument's own limit of 64 levels keeps that off the end of the stack.
    private static void WriteRaw(Utf8JsonWriter writer, string name, string json)
    {
        try
        {
            JsonDocument.Parse(json).Dispose();
            writer.WriteRawValue(json, skipInputValidation: true);
        }
        catch (JsonException e)
        {
            throw new LlamaException(LlamaFault.TemplateFailed, $"'{name}' of the chat is not JSON, or nested too deeply: {e.Message}", e);
        }
    }

    private static string Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    private static string[] Texts(JsonElement element, string name) =>
        [.. element.GetProperty(name).EnumerateArray().Select(static text => text.GetString()!)];
}
