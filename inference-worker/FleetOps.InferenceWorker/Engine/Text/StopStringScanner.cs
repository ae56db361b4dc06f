namespace FleetOps.InferenceWorker.Engine.Text;

/// <summary>
/// Finds stop strings in text that arrives in pieces, and holds back what may be the beginning of one.
/// The match is the stop string that is complete first, so the result does not depend on how the text was cut into
/// pieces; of several that are complete at the same character it is the longest. Not safe for concurrent use.
/// </summary>
internal sealed class StopStringScanner(IReadOnlyList<string> stops)
{
    private readonly int _longest = stops.Count == 0 ? 0 : stops.Max(stop => stop.Length);
    private string _held = "";

    /// <summary>The stop string that was met; null until then.</summary>
    public string? Matched { get; private set; }

    /// <summary>Takes the next piece of text and returns what can be shown.</summary>
    public string Push(string piece)
    {
        if (stops.Count == 0)
        {
            return piece;
        }

        if (Matched is not null)
        {
            return "";
        }

        var text = _held + piece;
        if (FirstComplete(text, newFrom: _held.Length) is { } match)
        {
            Matched = match.Stop;
            _held = "";
            return text[..match.Start];
        }

        var keep = LongestPossibleBeginning(text);
        _held = text[^keep..];
        return text[..^keep];
    }

    /// <summary>Returns what was held back, as no more text comes.</summary>
    public string Flush()
    {
        var rest = _held;
        _held = "";
        return rest;
    }

    private (string Stop, int Start)? FirstComplete(string text, int newFrom)
    {
        (string Stop, int Start)? best = null;
        var bestEnd = int.MaxValue;
        foreach (var stop in stops)
        {
            // What was held back holds no complete stop string, so a match ends in the new part.
            var from = Math.Max(0, newFrom - stop.Length + 1);
            var start = text.IndexOf(stop, from, StringComparison.Ordinal);
            if (start < 0)
            {
                continue;
            }

            var end = start + stop.Length;
            if (end < bestEnd || (end == bestEnd && start < best!.Value.Start))
            {
                best = (stop, start);
                bestEnd = end;
            }
        }

        return best;
    }

    private int LongestPossibleBeginning(string text)
    {
        for (var length = Math.Min(text.Length, _longest - 1); length > 0; length--)
        {
            var tail = text.AsSpan(text.Length - length);
            foreach (var stop in stops)
            {
                if (stop.Length > length && stop.AsSpan().StartsWith(tail, StringComparison.Ordinal))
                {
                    return length;
                }
            }
        }

        return 0;
    }
}
