using System.Diagnostics.CodeAnalysis;

namespace FleetOps.ControllerRuntime;

/// <summary>
/// One instance for equal strings that many stored objects hold, such as reasons and names of owners. Bounded: a string that meets
/// another one in its place replaces it. Thread-safe.
/// </summary>
public static class SharedStrings
{
    private const int Places = 1 << 15;
    private static readonly string?[] Known = new string?[Places];

    /// <summary>The instance to keep in place of <paramref name="text"/>.</summary>
    [return: NotNullIfNotNull(nameof(text))]
    public static string? Of(string? text)
    {
        if (text is null)
        {
            return null;
        }

        ref var place = ref Known[(uint)string.GetHashCode(text, StringComparison.Ordinal) % Places];
        // A lost race costs a second instance of one string, no more.
        if (Volatile.Read(ref place) is { } known && known == text)
        {
            return known;
        }

        Volatile.Write(ref place, text);
        return text;
    }
}
