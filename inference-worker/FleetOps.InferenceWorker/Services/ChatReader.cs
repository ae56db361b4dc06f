using System.Text.Json;
using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Serving;
using FleetOps.LlamaCpp;
using FleetOps.LlamaCpp.Chat;
using FleetOps.LlamaCpp.Sampling;
using ChatMessage = FleetOps.LlamaCpp.Chat.ChatMessage;

namespace FleetOps.InferenceWorker.Services;

/// <summary>Checks a conversation and renders it with the template of the model.</summary>
internal static class ChatReader
{
    private const int MaxTools = 128;
    private const int MaxToolName = 64;
    private const int MaxArgumentsBytes = 64 * 1024;

    /// <summary>Notes what is wrong with a conversation, its tools and arguments.</summary>
    public static void Check(ChatRequest request, FieldViolations violations)
    {
        CheckMessages(request, violations);
        CheckTools(request, violations);
        CheckToolChoice(request, violations);
        if (request.Constraint is not null && CallsTools(request))
        {
            violations.Add("constraint", "is set together with tools that may be called. Leave one of the two out, or set tool_choice to NONE.");
        }

        violations.RequireBytes("template_arguments", request.TemplateArguments, 0, MaxArgumentsBytes);
        CheckArguments(request.TemplateArguments, violations);
    }

    /// <summary>Renders a conversation that was checked.</summary>
    /// <exception cref="Grpc.Core.RpcException">The template refuses it, or a tool's parameters or the schema of the answer cannot be expressed.</exception>
    public static ChatPrompt Render(ChatRequest request, ConversationTemplate template)
    {
        try
        {
            return template.Render([.. request.Messages.Select(Translate)], Options(request));
        }
        catch (LlamaException exception) when (exception.Fault == LlamaFault.TemplateFailed)
        {
            // The parameters are translated with the rest; only if that fails is it worth the time to look for the one at fault.
            var violations = new FieldViolations();
            for (var i = 0; i < request.Tools.Count; i++)
            {
                CheckSchema($"tools[{i}].parameters", request.Tools[i].Parameters, JsonSchemaGrammar.FromSchema, violations);
            }

            violations.ThrowIfAny();
            throw RpcErrors.InvalidArgument("messages", exception.Message);
        }
        catch (LlamaException exception) when (exception.Fault == LlamaFault.InvalidGrammar)
        {
            // The tools have been checked, so it is the other schema that a template takes.
            throw RpcErrors.InvalidArgument("constraint.json_schema", exception.Message);
        }
    }

    /// <summary>Whether the model may call tools.</summary>
    public static bool CallsTools(ChatRequest request) => request.Tools.Count > 0 && request.ToolChoice?.Mode != ToolChoiceMode.None;

    private static ChatMessage Translate(Inference.V1.ChatMessage message) => new(message.Role, message.Content)
    {
        ToolCalls = [.. message.ToolCalls.Select(static call => new ChatToolCall(call.Id, call.Name, call.Arguments))],
        ToolCallId = message.ToolCallId,
        Name = message.Name,
        ReasoningContent = message.ReasoningContent,
    };

    private static ChatOptions Options(ChatRequest request)
    {
        // llama.cpp knows no choice by name: the one tool that is left must be called.
        var named = request.ToolChoice is { ChoiceCase: ToolChoice.ChoiceOneofCase.Tool } choice ? choice.Tool : null;
        var tools = request.Tools.Where(tool => named is null || tool.Name == named);
        return new ChatOptions
        {
            Tools = [.. tools.Select(static tool => new ChatTool(tool.Name, tool.Description, tool.Parameters.Length > 0 ? tool.Parameters : """{"type":"object","properties":{}}"""))],
            ToolChoice = (named, request.ToolChoice?.Mode) switch
            {
                (not null, _) or (_, ToolChoiceMode.Required) => "required",
                (_, ToolChoiceMode.None) => "none",
                _ => "auto",
            },
            ParallelToolCalls = named is not null ? false : request.HasParallelToolCalls ? request.ParallelToolCalls : null,
            EnableThinking = !request.HasEnableThinking || request.EnableThinking,
            TemplateArgumentsJson = request.TemplateArguments.Length > 0 ? request.TemplateArguments : null,
            JsonSchema = request.Constraint is { KindCase: Constraint.KindOneofCase.JsonSchema } constraint ? constraint.JsonSchema : null,
        };
    }

    private static void CheckMessages(ChatRequest request, FieldViolations violations)
    {
        if (request.Messages.Count == 0)
        {
            violations.Add("messages", "is empty; a conversation has at least one message.");
        }

        for (var i = 0; i < request.Messages.Count; i++)
        {
            if (request.Messages[i].Role.Length == 0)
            {
                violations.Add($"messages[{i}].role", "is empty; it must be system, user, assistant or another role of the model's template.");
            }

            for (var call = 0; call < request.Messages[i].ToolCalls.Count; call++)
            {
                CheckJson($"messages[{i}].tool_calls[{call}].arguments", request.Messages[i].ToolCalls[call].Arguments, violations);
            }
        }
    }

    private static void CheckTools(ChatRequest request, FieldViolations violations)
    {
        violations.RequireCount("tools", request.Tools.Count, MaxTools);
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < Math.Min(request.Tools.Count, MaxTools); i++)
        {
            var tool = request.Tools[i];
            if (tool.Name.Length is 0 or > MaxToolName || !tool.Name.All(static character => char.IsAsciiLetterOrDigit(character) || character is '_' or '-' or '.'))
            {
                violations.Add($"tools[{i}].name", $"must be 1 to {MaxToolName} letters, digits, '_', '-' or '.'.");
            }
            else if (!names.Add(tool.Name))
            {
                violations.Add($"tools[{i}].name", $"is '{tool.Name}', as of a tool before; names must differ.");
            }

            CheckSchema($"tools[{i}].parameters", tool.Parameters, static schema =>
            {
                JsonSchemaGrammar.Check(schema);
                return schema;
            }, violations);
        }
    }

    private static void CheckToolChoice(ChatRequest request, FieldViolations violations)
    {
        switch (request.ToolChoice)
        {
            case { ChoiceCase: ToolChoice.ChoiceOneofCase.Tool } named when request.Tools.All(tool => tool.Name != named.Tool):
                violations.Add("tool_choice.tool", "is not the name of one of the tools.");
                break;
            case { Mode: ToolChoiceMode.Required } when request.Tools.Count == 0:
                violations.Add("tool_choice.mode", "is REQUIRED, but there are no tools.");
                break;
            case { Mode: var mode } when !Enum.IsDefined(mode):
                violations.Add("tool_choice.mode", $"is {(int)mode}; it must be NONE, AUTO or REQUIRED.");
                break;
            default:
                break;
        }
    }

    private static void CheckSchema(string field, string schema, Func<string, string> check, FieldViolations violations)
    {
        if (schema.Length == 0)
        {
            return;
        }

        try
        {
            check(schema);
        }
        catch (LlamaException exception) when (exception.Fault == LlamaFault.InvalidGrammar)
        {
            violations.Add(field, exception.Message);
        }
    }

    private static void CheckArguments(string arguments, FieldViolations violations)
    {
        if (arguments.Length > 0 && CheckJson("template_arguments", arguments, violations) is { } kind && kind != JsonValueKind.Object)
        {
            violations.Add("template_arguments", $"is a JSON {kind}; it must be an object.");
        }
    }

    private static JsonValueKind? CheckJson(string field, string json, FieldViolations violations)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind;
        }
        catch (JsonException exception)
        {
            violations.Add(field, $"is not JSON, or nested too deeply: {exception.Message}");
            return null;
        }
    }
}
