using System.Text;
using FleetOps.Inference.V1;
using FleetOps.LlamaCpp;
using FleetOps.LlamaCpp.Chat;

namespace FleetOps.InferenceWorker.Services;

/// <summary>
/// Takes an answer apart while it comes: what is said, what is thought, which tools are called. Not safe for concurrent use.
/// </summary>
internal sealed class StructuredAnswer(ChatParser parser)
{
    private readonly StringBuilder _text = new();
    private readonly List<string> _callIds = [];
    private ChatAnswer _told = new("", "", []);
    private bool _parsed;

    /// <summary>Takes the next part; null if it adds nothing that can be told yet.</summary>
    public ChatDelta? Add(AnswerPart part)
    {
        _text.Append(part.Text);
        var delta = new ChatDelta();
        var isLast = part.End is not null;
        if (part.Text.Length > 0 || isLast)
        {
            if (Parse(part.End) is { } answer)
            {
                _parsed = true;
                Tell(answer, isLast, delta);
            }
            else if (isLast && !_parsed)
            {
                // Nothing of it has the form of the template; the client gets it as it is.
                delta.Content = _text.ToString();
            }
        }

        return delta.CalculateSize() > 0 || part.Tokens.Count > 0 || part.LogProbs.Count > 0 ? delta : null;
    }

    private ChatAnswer? Parse(FinishReason? end)
    {
        var text = _text.ToString();
        try
        {
            // An answer that was cut off is not complete, however it ends.
            return parser.Parse(text, isPartial: end is not FinishReason.Stop);
        }
        catch (LlamaException exception) when (exception.Fault == LlamaFault.TemplateFailed)
        {
            return end is FinishReason.Stop ? ParsePartial(text) : null;
        }
    }

    private ChatAnswer? ParsePartial(string text)
    {
        try
        {
            return parser.Parse(text, isPartial: true);
        }
        catch (LlamaException exception) when (exception.Fault == LlamaFault.TemplateFailed)
        {
            return null;
        }
    }

    private void Tell(ChatAnswer answer, bool isLast, ChatDelta delta)
    {
        delta.ReasoningContent = Added(_told.ReasoningContent, answer.ReasoningContent);
        delta.Content = Added(_told.Content, answer.Content);
        var calls = new List<ChatToolCall>();
        for (var i = 0; i < answer.ToolCalls.Count; i++)
        {
            var call = answer.ToolCalls[i];
            // The name may still grow until something follows it.
            if (!isLast && i == answer.ToolCalls.Count - 1 && call.ArgumentsJson.Length == 0)
            {
                break;
            }

            var isNew = i >= _told.ToolCalls.Count;
            var arguments = Added(isNew ? "" : _told.ToolCalls[i].ArgumentsJson, call.ArgumentsJson);
            if (isNew)
            {
                delta.ToolCalls.Add(new ToolCallDelta { Index = i, Id = IdOf(i, call), Name = call.Name, Arguments = arguments });
            }
            else if (arguments.Length > 0)
            {
                delta.ToolCalls.Add(new ToolCallDelta { Index = i, Arguments = arguments });
            }

            calls.Add(call with { ArgumentsJson = isNew ? arguments : _told.ToolCalls[i].ArgumentsJson + arguments });
        }

        _told = new ChatAnswer(
            _told.Content + delta.Content,
            _told.ReasoningContent + delta.ReasoningContent,
            calls.Count >= _told.ToolCalls.Count ? calls : _told.ToolCalls);
    }

    private string IdOf(int index, ChatToolCall call)
    {
        while (_callIds.Count <= index)
        {
            _callIds.Add($"call_{Guid.CreateVersion7():N}");
        }

        return call.Id.Length > 0 ? call.Id : _callIds[index];
    }

    // What was told cannot be taken back; while the parser is of another mind there is nothing to add.
    private static string Added(string told, string now) => now.StartsWith(told, StringComparison.Ordinal) ? now[told.Length..] : "";
}
