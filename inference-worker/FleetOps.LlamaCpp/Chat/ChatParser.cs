using System.Text;
using FleetOps.LlamaCpp.Native;

namespace FleetOps.LlamaCpp.Chat;

/// <summary>Takes answers to one prompt apart: what is said, what is thought, which tools are called. May be used from any thread.</summary>
public sealed unsafe class ChatParser : IDisposable
{
    private readonly ChatParserHandle _handle;

    /// <summary>Prepares for the answers to a prompt.</summary>
    /// <exception cref="LlamaException">The prompt was not made by a template of this release (<see cref="LlamaFault.TemplateFailed"/>).</exception>
    public ChatParser(ChatPrompt prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        var error = stackalloc byte[ShimText.ErrorSize];
        error[0] = 0;
        var parser = ShimNative.fleetops_chat_parser_new(prompt.ParserJson, error, ShimText.ErrorSize);
        _handle = parser != 0
            ? new ChatParserHandle(parser)
            : throw new LlamaException(LlamaFault.TemplateFailed, $"Answers to this prompt cannot be taken apart: {ShimText.Error(error)}");
    }

    /// <summary>Takes an answer of the model apart. Takes time with the length of the whole answer.</summary>
    /// <param name="answer">The text of the answer, with the spelling of preserved tokens.</param>
    /// <param name="isPartial">More text will follow, so what is unfinished is no error.</param>
    /// <exception cref="LlamaException">The answer does not follow the template's form (<see cref="LlamaFault.TemplateFailed"/>).</exception>
    public ChatAnswer Parse(string answer, bool isPartial = false)
    {
        ArgumentNullException.ThrowIfNull(answer);
        var error = stackalloc byte[ShimText.ErrorSize];
        error[0] = 0;
        var text = Encoding.UTF8.GetBytes(answer);
        nint json;
        fixed (byte* start = text)
        {
            var nothing = (byte)0;
            json = ShimNative.fleetops_chat_parse(_handle.Pointer, start == null ? &nothing : start, text.Length, isPartial ? 1 : 0, error, ShimText.ErrorSize);
            GC.KeepAlive(_handle);
        }

        return json != 0
            ? ChatJson.Answer(ShimText.Owned(json))
            : throw new LlamaException(LlamaFault.TemplateFailed, $"The model's answer does not have the form of its chat template: {ShimText.Error(error)}");
    }

    /// <inheritdoc />
    public void Dispose() => _handle.Dispose();
}
