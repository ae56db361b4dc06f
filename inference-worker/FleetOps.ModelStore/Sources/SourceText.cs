using System.Buffers;
using System.Text;

namespace FleetOps.ModelStore.Sources;

/// <summary>Reads the text of a source. Strict: what is not clearly meant is refused with the reason, never guessed.</summary>
internal static class SourceText
{
    public const int MaxLength = 4096;
    private const string Forms = "https://HOST/PATH, hf://OWNER/REPO/FILE, s3://BUCKET/KEY, oci://REGISTRY/REPOSITORY:TAG, pvc://CLAIM/PATH or file:///PATH";

    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

    private static readonly SearchValues<char> RevisionCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-/+");

    private static readonly SearchValues<char> ClaimCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789.-");

    public static SourceParse Parse(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return SourceParse.Refuse($"The model source is empty; give {Forms}.");
        }

        if (text.Length > MaxLength)
        {
            return SourceParse.Refuse($"The model source has {text.Length} characters; at most {MaxLength} are allowed.");
        }

        int bad = IndexOfUnprintable(text);
        if (bad >= 0)
        {
            return SourceParse.Refuse($"The model source holds a control character (U+{(int)text[bad]:X4}) at position {bad}; remove it.");
        }

        int colon = text.IndexOf("://", StringComparison.Ordinal);
        if (colon <= 0)
        {
            return SourceParse.Refuse($"The model source has no scheme; give {Forms}.");
        }

        string rest = text[(colon + 3)..];
        return text[..colon] switch
        {
            "https" or "http" => ParseHttp(text),
            "hf" => ParseHub(rest),
            "oci" => RegistryText.Parse(rest),
            "pvc" => ParseClaim(rest),
            "file" => ParseFile(rest),
            "s3" => ParseS3(rest),
            string scheme => SourceParse.Refuse($"The model source has the unknown scheme '{Shorten(scheme)}'; give {Forms} (schemes are lower case)."),
        };
    }

    /// <summary>What is wrong with a revision; null when nothing is.</summary>
    public static string? RefuseRevision(string revision)
    {
        if (revision.Length is 0 or > 255)
        {
            return $"The revision has {revision.Length} characters; 1 to 255 are allowed.";
        }

        if (revision.AsSpan().ContainsAnyExcept(RevisionCharacters))
        {
            return $"The revision '{Shorten(revision)}' holds a character other than letters, digits, '.', '_', '-', '+' and '/'; give a branch, a tag or a commit.";
        }

        return RefusePath(revision, "revision");
    }

    private static SourceParse ParseHttp(string text)
    {
        // The text itself is never shown here: a user or a query in it may be a secret.
        int odd = text.AsSpan().IndexOfAnyExceptInRange('!', '~');
        if (odd >= 0)
        {
            return SourceParse.Refuse($"The URL holds a space or a non-ASCII character at position {odd}; percent-encode it.");
        }

        if (text.Contains('\\', StringComparison.Ordinal))
        {
            return SourceParse.Refuse("The URL holds a backslash; write '/'.");
        }

        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? location) || location.Host.Length == 0)
        {
            return SourceParse.Refuse("The URL cannot be read; give https://HOST[:PORT]/PATH.");
        }

        if (location.UserInfo.Length > 0)
        {
            return SourceParse.Refuse($"The URL of {location.Host} holds a user or a password; put them into the credentials instead.");
        }

        if (text.Contains('#', StringComparison.Ordinal))
        {
            return SourceParse.Refuse($"The URL of {location.Host} has a fragment ('#…'), which names no file; remove it.");
        }

        return location.AbsolutePath.EndsWith('/')
            ? SourceParse.Refuse($"The URL {HttpModelSource.Redact(location)} names a folder; give the path of a file.")
            : new HttpModelSource(location);
    }

    private static SourceParse ParseHub(string rest)
    {
        string shown = $"hf://{Shorten(rest)}";
        string path = rest;
        string? revision = null;
        int at = rest.IndexOf('@', StringComparison.Ordinal);
        if (at >= 0)
        {
            (path, revision) = (rest[..at], rest[(at + 1)..]);
            if (RefuseRevision(revision) is { } wrong)
            {
                return SourceParse.Refuse($"The source {shown} has no usable revision after '@': {wrong}");
            }
        }

        string[] parts = path.Split('/', 3);
        if (parts.Length < 3 || parts.Any(part => part.Length == 0))
        {
            return SourceParse.Refuse($"The source {shown} is incomplete; give hf://OWNER/REPO/FILE.");
        }

        string? error = RefuseHubName(parts[0], "owner") ?? RefuseHubName(parts[1], "repository") ?? RefusePath(parts[2], "file")
            ?? (parts[2].AsSpan().ContainsAny("?#%*") ? "The file holds '?', '#', '%' or '*'; write its name as the hub shows it, without query and percent-encoding." : null);
        return error is null ? new HubModelSource(parts[0], parts[1], parts[2], revision) : SourceParse.Refuse($"The source {shown} is wrong: {error}");
    }

    private static SourceParse ParseS3(string rest)
    {
        string shown = $"s3://{Shorten(rest)}";
        int slash = rest.IndexOf('/', StringComparison.Ordinal);
        if (slash <= 0 || slash == rest.Length - 1)
        {
            return SourceParse.Refuse($"The source {shown} is incomplete; give s3://BUCKET/KEY.");
        }

        string bucket = rest[..slash];
        string key = rest[(slash + 1)..];
        if (bucket.Length is < 3 or > 63 || bucket.AsSpan().ContainsAnyExcept(ClaimCharacters) || bucket.Split('.').Any(label => label.Length == 0 || label[0] == '-' || label[^1] == '-'))
        {
            return SourceParse.Refuse($"The source {shown} names the bucket '{Shorten(bucket)}'; a bucket has 3 to 63 lower-case letters, digits, '-' and '.', and begins and ends with a letter or digit.");
        }

        int length = Encoding.UTF8.GetByteCount(key);
        string? error = length > 1024 ? $"the key has {length} bytes; at most 1024 are allowed." : RefusePath(key, "key");
        return error is null ? new S3ModelSource(bucket, key) : SourceParse.Refuse($"The source {shown} is wrong: {error}");
    }

    private static SourceParse ParseClaim(string rest)
    {
        string shown = $"pvc://{Shorten(rest)}";
        int slash = rest.IndexOf('/', StringComparison.Ordinal);
        if (slash <= 0 || slash == rest.Length - 1)
        {
            return SourceParse.Refuse($"The source {shown} is incomplete; give pvc://CLAIM/PATH.");
        }

        string claim = rest[..slash];
        string path = rest[(slash + 1)..];
        bool named = claim.Length <= 253 && !claim.AsSpan().ContainsAnyExcept(ClaimCharacters)
            && claim.Split('.').All(label => label.Length > 0 && label[0] != '-' && label[^1] != '-');
        if (!named)
        {
            return SourceParse.Refuse($"The source {shown} names the claim '{Shorten(claim)}'; a claim has at most 253 lower-case letters, digits, '-' and '.', and begins and ends with a letter or digit.");
        }

        return RefusePath(path, "path") is { } error
            ? SourceParse.Refuse($"The source {shown} is wrong: {error}")
            : new ClaimModelSource(claim, path);
    }

    private static SourceParse ParseFile(string rest)
    {
        string shown = $"file://{Shorten(rest)}";
        if (rest.Length < 2 || rest[0] != '/')
        {
            return SourceParse.Refuse($"The source {shown} has no absolute path; give file:///PATH with three slashes.");
        }

        return RefusePath(rest[1..], "path") is { } error
            ? SourceParse.Refuse($"The source {shown} is wrong: {error}")
            : new FileModelSource(rest);
    }

    private static string? RefuseHubName(string name, string what)
    {
        bool good = name.Length <= 96 && !name.AsSpan().ContainsAnyExcept(NameCharacters)
            && name[0] is not ('-' or '.') && name[^1] is not ('-' or '.')
            && !name.Contains("--", StringComparison.Ordinal) && !name.Contains("..", StringComparison.Ordinal);
        return good ? null : $"the {what} '{Shorten(name)}' is no hub name (at most 96 letters, digits, '.', '_', '-'; no '--' or '..'; neither '-' nor '.' at an end).";
    }

    private static string? RefusePath(string path, string what)
    {
        if (path.Contains('\\', StringComparison.Ordinal))
        {
            return $"the {what} holds a backslash; write '/'.";
        }

        foreach (string segment in path.Split('/'))
        {
            if (segment.Length == 0)
            {
                return $"the {what} has an empty segment ('//' or a slash at an end).";
            }

            if (segment is "." or "..")
            {
                return $"the {what} holds the segment '{segment}'; name the file without it.";
            }

            if (segment.Length > 255)
            {
                return $"the {what} has a segment of {segment.Length} characters; at most 255 are allowed.";
            }
        }

        return null;
    }

    private static int IndexOfUnprintable(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (char.IsControl(text[i]) || char.IsSurrogate(text[i]) && !IsPaired(text, i))
            {
                return i;
            }
        }

        return -1;
    }

    private static bool IsPaired(string text, int i) =>
        char.IsHighSurrogate(text[i]) ? i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]) : i > 0 && char.IsHighSurrogate(text[i - 1]);

    private static string Shorten(string text) => text.Length <= 120 ? text : text[..120] + "…";
}
