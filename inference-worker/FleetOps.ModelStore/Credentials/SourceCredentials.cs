using System.Net.Http.Headers;
using System.Text;
using FleetOps.ModelStore.Registry;

namespace FleetOps.ModelStore.Credentials;

/// <summary>What a credentials folder held when a fetch began. Has no text form, so that it cannot slip into a message.</summary>
internal sealed class SourceCredentials
{
    private const int MaxBytes = 64 * 1024;
    private readonly string? _folder;
    private readonly string? _token;
    private readonly string? _username;
    private readonly string? _password;
    private readonly byte[]? _dockerConfig;

    private SourceCredentials(string? folder, string? token, string? username, string? password, byte[]? dockerConfig) =>
        (_folder, _token, _username, _password, _dockerConfig) = (folder, token, username, password, dockerConfig);

    /// <summary>No credentials.</summary>
    public static SourceCredentials None { get; } = new(null, null, null, null, null);

    /// <summary>Reads a folder with one file for each key, as Kubernetes mounts a Secret.</summary>
    /// <param name="folder">The folder; null for none.</param>
    /// <exception cref="ModelSourceException">The folder is absent, unreadable, or a value cannot be a credential.</exception>
    public static SourceCredentials Read(string? folder)
    {
        if (folder is null)
        {
            return None;
        }

        if (!Directory.Exists(folder))
        {
            throw new ModelSourceException(ModelSourceReason.CredentialsMissing, $"The credentials folder {folder} does not exist; mount the Secret there or leave the folder out.");
        }

        return new SourceCredentials(folder, ReadKey(folder, "token"), ReadKey(folder, "username"), ReadKey(folder, "password"), ReadDocument(folder, DockerConfig.Key));
    }

    /// <summary>What to send to a hub: the token.</summary>
    public AuthenticationHeaderValue? ForHub() => _token is not null ? Bearer(_token) : Unfit("the key 'token'");

    /// <summary>What to sign requests to S3 with; null without a folder.</summary>
    public (string Id, string Secret, string? Session)? ForS3()
    {
        if (_folder is null)
        {
            return null;
        }

        string? id = ReadKey(_folder, "accessKeyId") ?? ReadKey(_folder, "AWS_ACCESS_KEY_ID");
        string? secret = ReadKey(_folder, "secretAccessKey") ?? ReadKey(_folder, "AWS_SECRET_ACCESS_KEY");
        return id is null || secret is null
            ? throw new ModelSourceException(ModelSourceReason.CredentialsMissing, $"The credentials in {_folder} lack the keys 'accessKeyId' and 'secretAccessKey'; add both to the Secret.")
            : (id, secret, ReadKey(_folder, "sessionToken") ?? ReadKey(_folder, "AWS_SESSION_TOKEN"));
    }

    /// <summary>What to send to a web server: the token, else user and password.</summary>
    public AuthenticationHeaderValue? ForWeb()
    {
        if (_token is not null)
        {
            return Bearer(_token);
        }

        if (_username is null || _password is null)
        {
            return Unfit("the key 'token', or both 'username' and 'password'");
        }

        if (_username.Contains(':', StringComparison.Ordinal))
        {
            throw new ModelSourceException(ModelSourceReason.InvalidConfiguration, $"The key 'username' in {_folder} holds a colon, which HTTP cannot carry; use a token.");
        }

        return new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{_username}:{_password}")));
    }

    /// <summary>What to send to a registry or its token server: the token, else user and password, else what Docker's file of credentials has for the repository.</summary>
    /// <param name="registry">Host of the registry, with its port if it has one.</param>
    /// <param name="repository">The repository.</param>
    public RegistryCredentials ForRegistry(string registry, string repository)
    {
        if (_token is not null)
        {
            return new RegistryCredentials { Bearer = Bearer(_token) };
        }

        if (_username is not null && _password is not null)
        {
            return new RegistryCredentials { Basic = ForWeb() };
        }

        if (_dockerConfig is null)
        {
            _ = Unfit($"the key 'token', both 'username' and 'password', or '{DockerConfig.Key}'");
        }

        return ForOtherRegistry(registry, repository);
    }

    /// <summary>What to send to a registry that is not the source: what Docker's file of credentials has for it, and nothing that names no registry.</summary>
    /// <inheritdoc cref="ForRegistry"/>
    public RegistryCredentials ForOtherRegistry(string registry, string repository)
    {
        if (_dockerConfig is null)
        {
            return RegistryCredentials.Anonymous;
        }

        try
        {
            // A file that knows other registries only is a common one; what this registry gives to anybody may be enough.
            return DockerConfig.Find(_dockerConfig, registry, repository) is { } basic ? new RegistryCredentials { Basic = basic } : RegistryCredentials.Anonymous;
        }
        catch (FormatException)
        {
            // What is wrong in detail might hold a piece of a secret.
            throw Unusable(_folder!, DockerConfig.Key, "is no Docker configuration with 'auths'", null);
        }
    }

    private static AuthenticationHeaderValue Bearer(string token) => new("Bearer", token);

    private AuthenticationHeaderValue? Unfit(string wanted) => _folder is null
        ? null
        : throw new ModelSourceException(ModelSourceReason.CredentialsMissing, $"The credentials in {_folder} lack {wanted}; add it to the Secret.");

    private static string? ReadKey(string folder, string key)
    {
        if (ReadDocument(folder, key) is not { } bytes)
        {
            return null;
        }

        // Files that people write end in a line feed, which is not part of the secret.
        string value = Encoding.UTF8.GetString(bytes).TrimStart('\ufeff').TrimEnd('\r', '\n');
        bool sendable = value.Length > 0 && (key == "token" ? !value.AsSpan().ContainsAnyExceptInRange('!', '~') : !value.Any(char.IsControl));
        return sendable ? value : throw Unusable(folder, key, "is empty or holds characters that HTTP cannot carry", null);
    }

    private static byte[]? ReadDocument(string folder, string key)
    {
        string path = Path.Join(folder, key);
        try
        {
            if (!File.Exists(path))
            {
                return null;
            }

            return new FileInfo(path) is { LinkTarget: null, Length: > MaxBytes }
                ? throw Unusable(folder, key, $"is longer than {MaxBytes} bytes", null)
                : File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable(folder, key, "cannot be read", e);
        }
    }

    private static ModelSourceException Unusable(string folder, string key, string problem, Exception? e) =>
        new(ModelSourceReason.InvalidConfiguration, $"The key '{key}' in the credentials folder {folder} {problem}; correct the Secret.", e);
}
