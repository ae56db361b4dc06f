using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace FleetOps.ModelStore.Credentials;

/// <summary>Credentials as Docker keeps them, and as Kubernetes puts them into Secrets of the type <c>kubernetes.io/dockerconfigjson</c>.</summary>
internal static class DockerConfig
{
    /// <summary>The key of such a Secret.</summary>
    public const string Key = ".dockerconfigjson";

    private static readonly string[] DockerHub = ["docker.io", "index.docker.io", "registry-1.docker.io"];

    /// <summary>The user and the password for a repository: those of the longest path that fits; null when there are none.</summary>
    /// <param name="json">The document.</param>
    /// <param name="registry">Host of the registry, with its port if it has one.</param>
    /// <param name="repository">The repository.</param>
    /// <exception cref="FormatException">The document is not of this kind.</exception>
    public static AuthenticationHeaderValue? Find(byte[] json, string registry, string repository)
    {
        try
        {
            IReadOnlyDictionary<string, DockerConfigEntry> entries = JsonSerializer.Deserialize(json, DockerConfigJson.Default.DockerConfigDocument)?.Auths
                ?? throw new FormatException();
            return entries
                .Select(entry => (Fit: Fit(entry.Key, registry, repository), entry.Value))
                .Where(static entry => entry is { Fit: >= 0, Value: not null })
                .OrderByDescending(static entry => entry.Fit)
                .Select(static entry => Header(entry.Value))
                .FirstOrDefault(static header => header is not null);
        }
        catch (JsonException e)
        {
            throw new FormatException(e.Message, e);
        }
    }

    // The length of the path that a key names, -1 when it is for other repositories.
    private static int Fit(string key, string registry, string repository)
    {
        int scheme = key.IndexOf("://", StringComparison.Ordinal);
        string address = scheme < 0 ? key : key[(scheme + 3)..];
        int slash = address.IndexOf('/', StringComparison.Ordinal);
        string host = slash < 0 ? address : address[..slash];
        string path = slash < 0 ? "" : address[(slash + 1)..].Trim('/');

        // Docker writes the address of an interface here that is long gone: https://index.docker.io/v1/.
        path = path is "v1" or "v2" ? "" : path;
        bool fits = path.Length == 0 || repository == path || repository.StartsWith(path + "/", StringComparison.Ordinal);
        return fits && IsHost(host, registry) ? path.Length : -1;
    }

    private static bool IsHost(string pattern, string registry)
    {
        if (DockerHub.Contains(registry, StringComparer.OrdinalIgnoreCase))
        {
            return DockerHub.Contains(pattern, StringComparer.OrdinalIgnoreCase);
        }

        // As the kubelet does it: a star stands for part of one label.
        string[] labels = pattern.Split('.');
        string[] others = registry.Split('.');
        return labels.Length == others.Length && labels.Zip(others).All(static pair => IsLabel(pair.First, pair.Second));
    }

    private static bool IsLabel(string pattern, string label)
    {
        int star = pattern.IndexOf('*', StringComparison.Ordinal);
        return star < 0
            ? string.Equals(pattern, label, StringComparison.OrdinalIgnoreCase)
            : label.Length >= pattern.Length - 1
                && label.StartsWith(pattern[..star], StringComparison.OrdinalIgnoreCase)
                && label.EndsWith(pattern[(star + 1)..], StringComparison.OrdinalIgnoreCase);
    }

    private static AuthenticationHeaderValue? Header(DockerConfigEntry entry)
    {
        if (entry is { Username.Length: > 0, Password.Length: > 0 })
        {
            return new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{entry.Username}:{entry.Password}")));
        }

        if (string.IsNullOrEmpty(entry.Auth))
        {
            return null;
        }

        string plain = Encoding.UTF8.GetString(Convert.FromBase64String(entry.Auth));
        return plain.IndexOf(':', StringComparison.Ordinal) > 0
            ? new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(plain.TrimEnd('\0', '\n'))))
            : throw new FormatException();
    }
}
