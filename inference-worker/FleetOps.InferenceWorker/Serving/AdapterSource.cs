namespace FleetOps.InferenceWorker.Serving;

/// <summary>An adapter to load at start-up.</summary>
/// <param name="Name">The name by which requests choose it.</param>
/// <param name="Path">Its file.</param>
internal sealed record AdapterSource(string Name, string Path)
{
    /// <summary>Reads <c>NAME=PATH</c>; null if the text is none.</summary>
    public static AdapterSource? Parse(string text) =>
        text.IndexOf('=', StringComparison.Ordinal) is > 0 and var at && at < text.Length - 1 ? new AdapterSource(text[..at], text[(at + 1)..]) : null;
}
