using System.Text;

namespace FleetOps.InferenceWorker.Engine.Text;

/// <summary>
/// Turns the bytes of tokens into text. A token may hold a part of a character: its bytes wait for the rest. Bytes that
/// cannot become a character become U+FFFD. Not safe for concurrent use.
/// </summary>
internal sealed class Utf8Assembler
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private char[] _characters = new char[64];

    /// <summary>Takes the bytes of the next token and returns the characters that are complete now.</summary>
    public string Push(ReadOnlySpan<byte> bytes) => Decode(bytes, flush: false);

    /// <summary>Returns what an unfinished character becomes, as no more bytes come.</summary>
    public string Flush() => Decode([], flush: true);

    private string Decode(ReadOnlySpan<byte> bytes, bool flush)
    {
        var needed = Encoding.UTF8.GetMaxCharCount(bytes.Length);
        if (_characters.Length < needed)
        {
            _characters = new char[needed];
        }

        var count = _decoder.GetChars(bytes, _characters, flush);
        return count == 0 ? "" : new string(_characters, 0, count);
    }
}
