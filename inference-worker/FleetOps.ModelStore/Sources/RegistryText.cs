using System.Text.RegularExpressions;

namespace FleetOps.ModelStore.Sources;

/// <summary>Reads what follows <c>oci://</c>.</summary>
internal static partial class RegistryText
{
    private const int MaxRepositoryLength = 255;
    private const int MaxPort = 65_535;
    private const string Form = "oci://REGISTRY/REPOSITORY[:TAG][@sha256:DIGEST]";

    public static SourceParse Parse(string rest)
    {
        string shown = $"oci://{(rest.Length <= 120 ? rest : rest[..120] + "…")}";
        int slash = rest.IndexOf('/', StringComparison.Ordinal);
        if (slash <= 0 || slash == rest.Length - 1)
        {
            return SourceParse.Refuse($"The source {shown} is incomplete; give {Form}.");
        }

        string registry = rest[..slash];
        string name = rest[(slash + 1)..];
        string? digest = null;
        string? tag = null;
        int at = name.IndexOf('@', StringComparison.Ordinal);
        if (at >= 0)
        {
            (name, digest) = (name[..at], name[(at + 1)..]);
        }

        int colon = name.IndexOf(':', StringComparison.Ordinal);
        if (colon >= 0)
        {
            (name, tag) = (name[..colon], name[(colon + 1)..]);
        }

        string? error = RefuseRegistry(registry) ?? RefuseRepository(name) ?? RefuseTag(tag) ?? RefuseDigest(digest);
        return error is not null
            ? SourceParse.Refuse($"The source {shown} is wrong: {error}")
            : new RegistryModelSource(registry, name, tag, digest?[RegistryModelSource.DigestPrefix.Length..]);
    }

    /// <summary>What is wrong with the address of a registry; null when nothing is.</summary>
    public static string? RefuseRegistry(string registry)
    {
        if (!Host().IsMatch(registry) || registry.Length > 255)
        {
            return $"'{registry}' is no address of a registry; give HOST or HOST:PORT, without user and password.";
        }

        int colon = registry.IndexOf(':', StringComparison.Ordinal);
        if (colon >= 0)
        {
            return int.Parse(registry[(colon + 1)..], System.Globalization.CultureInfo.InvariantCulture) is > 0 and <= MaxPort
                ? null
                : $"the port of '{registry}' is not from 1 to {MaxPort}.";
        }

        return registry.Contains('.', StringComparison.Ordinal) || registry == "localhost"
            ? null
            : $"'{registry}' names no registry; write it out, as in oci://docker.io/{registry}/….";
    }

    private static string? RefuseRepository(string repository) => repository.Length <= MaxRepositoryLength && Repository().IsMatch(repository)
        ? null
        : $"the repository '{repository}' is no repository name (at most {MaxRepositoryLength} lower-case letters, digits, '.', '_', '-' and '/'; each part begins and ends with a letter or digit).";

    private static string? RefuseTag(string? tag) => tag is null || Tag().IsMatch(tag)
        ? null
        : $"the tag '{tag}' is no tag (1 to 128 letters, digits, '.', '_' and '-', beginning with none of '.' and '-').";

    private static string? RefuseDigest(string? digest) => digest is null || Digest().IsMatch(digest)
        ? null
        : $"the digest '{digest}' is none; give sha256: and 64 lower-case hexadecimal digits.";

    [GeneratedRegex(@"^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:[0-9]{1,5})?\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Host();

    [GeneratedRegex(@"^[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*)*\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Repository();

    [GeneratedRegex(@"^[A-Za-z0-9_][-A-Za-z0-9_.]{0,127}\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Tag();

    [GeneratedRegex(@"^sha256:[0-9a-f]{64}\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Digest();
}
