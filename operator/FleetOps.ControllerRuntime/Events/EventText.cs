using System.Text;

namespace FleetOps.ControllerRuntime.Events;

/// <summary>Makes text fit the bounds that the API sets.</summary>
internal static class EventText
{
    private const int MaxNoteBytes = 1024;

    /// <summary>The text, cut at a character and marked with an ellipsis when it is longer than 1,024 bytes.</summary>
    public static string Fit(string text)
    {
        if (Encoding.UTF8.GetByteCount(text) <= MaxNoteBytes)
        {
            return text;
        }

        var bytes = 0;
        var length = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (bytes + rune.Utf8SequenceLength > MaxNoteBytes - 3)
            {
                break;
            }

            bytes += rune.Utf8SequenceLength;
            length += rune.Utf16SequenceLength;
        }

        return string.Concat(text.AsSpan(0, length), "…");
    }
}
