using System.Text;

namespace FleetOps.InferenceWorker.Telemetry;

/// <summary>The text of a prompt or an answer as a log line may show it: its beginning, without what would move a terminal's cursor.</summary>
internal sealed class LoggedText
{
    /// <summary>Characters that are kept.</summary>
    public const int MaxLength = 4096;

    private readonly StringBuilder _text = new();
    private long _leftOut;

    /// <summary>A text of one piece.</summary>
    public static LoggedText Of(string text)
    {
        var logged = new LoggedText();
        logged.Append(text);
        return logged;
    }

    /// <summary>Adds to the text.</summary>
    public void Append(string piece)
    {
        var kept = _leftOut > 0 ? 0 : Math.Min(piece.Length, MaxLength - _text.Length);
        if (kept > 0 && kept < piece.Length && char.IsHighSurrogate(piece[kept - 1]))
        {
            kept--;
        }

        foreach (var character in piece.AsSpan(0, kept))
        {
            _text.Append(char.IsControl(character) && character is not ('\n' or '\t') ? '\uFFFD' : character);
        }

        _leftOut += piece.Length - kept;
    }

    /// <inheritdoc/>
    public override string ToString() => _leftOut == 0 ? _text.ToString() : $"{_text}… and {_leftOut} characters more";
}
