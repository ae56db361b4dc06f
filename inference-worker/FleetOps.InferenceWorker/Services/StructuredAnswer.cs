using System.Buffers;
using System.Text;
using FleetOps.Inference.V1;
using FleetOps.LlamaCpp;
using FleetOps.LlamaCpp.Chat;

namespace FleetOps.InferenceWorker.Services;

/// <summary>
/// Takes an answer apart while it comes: what is said, what is thought, which tools are called. Not safe for concurrent use.
/// </summary>
/// <param name="parser">Takes a whole answer apart, in a time that grows with its length.</param>
/// <param name="plainTextExtends">Whether text of plain characters only goes on with the part that was there before.</param>
internal sealed class StructuredAnswer(ChatParser parser, bool plainTextExtends)
{
    private const int ComparedTail = 16;

    private static readonly SearchValues<char> PlainMarks = SearchValues.Create(" ,.;?!'");

    private readonly StringBuilder _text = new();
    private readonly List<string> _callIds = [];
    private ChatAnswer _told = new("", "", []);
    private Part _open;
    private bool _parsed;

    private enum Part
    {
        Unknown,
        Content,
        Reasoning,
    }

    /// <summary>Takes the next part; null if it adds nothing that can be told yet.</summary>
    public ChatDelta? Add(AnswerPart part)
    {
        _text.Append(part.Text);
        var delta = new ChatDelta();
        var isLast = part.End is not null;
        if (!isLast && _open != Part.Unknown && IsPlain(part.Text))
        {
            Extend(part.Text, delta);
        }
        else if (part.Text.Length > 0 || isLast)
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
        _open = plainTextExtends && answer.ToolCalls.Count == 0 ? OpenPart(answer) : Part.Unknown;
    }

    // Without this a long answer would be parsed from its beginning with every token.
    private void Extend(string text, ChatDelta delta)
    {
        if (_open == Part.Content)
        {
            delta.Content = text;
            _told = _told with { Content = _told.Content + text };
        }
        else
        {
            delta.ReasoningContent = text;
            _told = _told with { ReasoningContent = _told.ReasoningContent + text };
        }
    }

    // A part is open if nothing of the text after it is held back by the parser.
    private Part OpenPart(ChatAnswer answer) =>
        answer.Content.Length > 0 ? (EndsWith(answer.Content) && _told.Content == answer.Content ? Part.Content : Part.Unknown)
        : answer.ReasoningContent.Length > 0 && EndsWith(answer.ReasoningContent) && _told.ReasoningContent == answer.ReasoningContent ? Part.Reasoning
        : Part.Unknown;

    private bool EndsWith(string part)
    {
        var length = Math.Min(part.Length, ComparedTail);
        return _text.Length >= length && _text.ToString(_text.Length - length, length).AsSpan().SequenceEqual(part.AsSpan(part.Length - length));
    }

    // A space at the end may belong to what separates two parts.
    private static bool IsPlain(string text)
    {
        foreach (var character in text)
        {
            if (!char.IsLetterOrDigit(character) && !PlainMarks.Contains(character))
            {
                return false;
            }
        }

        return text.Length > 0 && text[^1] != ' ';
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
