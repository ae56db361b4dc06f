namespace FleetOps.Operator.ModelDeployments.Status;

/// <summary>Text from outside, made fit for status.</summary>
internal static class Text
{
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
