using System.Security.Cryptography;
using System.Text;

namespace FleetOps.ModelStore.Verification;

/// <summary>Digests as text.</summary>
internal static class Sha256Text
{
    /// <summary>True for 64 hexadecimal digits.</summary>
    public static bool IsDigest(string? text) => text?.Length == 64 && text.All(char.IsAsciiHexDigit);

    /// <summary>
    /// The digest of a model: that of its file, or of a split one that of the text of its files' digests in their order, each with a line feed after it.
    /// </summary>
    public static string OfFiles(IReadOnlyCollection<string> digests) => digests.Count == 1
        ? digests.First()
        : Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(string.Concat(digests.Select(static digest => digest + '\n')))));

    /// <summary>Lower case, checked.</summary>
    /// <exception cref="ModelSourceException">The text is no digest (<see cref="ModelSourceReason.InvalidConfiguration"/>).</exception>
    public static string Normalize(string text) => IsDigest(text)
        ? text.ToLowerInvariant()
        : throw new ModelSourceException(
            ModelSourceReason.InvalidConfiguration,
            $"The sha256 '{(text.Length <= 80 ? text : text[..80] + "…")}' has {text.Length} characters; give 64 hexadecimal digits.");
}
