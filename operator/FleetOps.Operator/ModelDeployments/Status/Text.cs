namespace FleetOps.Operator.ModelDeployments.Status;

/// <summary>Text from outside, made fit for status.</summary>
internal static class Text
{
    /// <summary>
    /// The text, with an ellipsis in the middle of each word that is longer, as the address of a source can be: what stands after it, such as digests,
    /// must not be cut off for it.
    /// </summary>
    public static string ShortenWords(string text, int length)
    {
        if (text.Length <= length)
        {
            return text;
        }

        var words = text.Split(' ');
        for (var i = 0; i < words.Length; i++)
        {
            if (words[i].Length > length)
            {
                var tail = words[i][^(length / 3)..];
                words[i] = Cut(words[i], length - tail.Length) + (char.IsLowSurrogate(tail[0]) ? tail[1..] : tail);
            }
        }

        return string.Join(' ', words);
    }

    /// <summary>
    /// The text, with at most so many UTF-16 units and an ellipsis where it was cut. Never half a character: the API server would store
    /// another one in its place, and what is stored would differ from what is meant for ever.
    /// </summary>
    public static string Cut(string text, int length)
    {
        if (text.Length <= length)
        {
            return text;
        }

        var end = length - 1;
        return (char.IsHighSurrogate(text[end - 1]) ? text[..(end - 1)] : text[..end]) + "…";
    }
}
