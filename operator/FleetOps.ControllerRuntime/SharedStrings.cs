using System.Diagnostics.CodeAnalysis;

namespace FleetOps.ControllerRuntime;

/// <summary>One instance for equal strings that many stored objects hold, such as reasons and names of owners. Bounded; thread-safe.</summary>
public static class SharedStrings
{
    private static readonly SharedInstances<string> Known = new(1 << 15);

    /// <summary>The instance to keep in place of <paramref name="text"/>.</summary>
    [return: NotNullIfNotNull(nameof(text))]
    public static string? Of(string? text) => Known.Of(text);
}
